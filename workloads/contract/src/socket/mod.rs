//! The WebSocket protocol: what clients send ([`client`]), what the server sends ([`server`]), and why it closes
//! ([`close`]). Text frames of JSON, one object each, of at most 64 KiB from a client.
//!
//! Life of a connection:
//! 1. Open `/v1/ws`, with `?token=` or without. Without, the first frame must be `auth`, within 10 seconds.
//! 2. The server answers `auth_success`, with a `cursor` unless a resume follows: the point from which this connection
//!    sees everything.
//! 3. To lose nothing over a reconnect, name what you have: `resume` inside `auth`, or, when the token is in the query,
//!    open with `?token=…&resume=1` and send `resume` as the first frame; nothing is delivered before it. Name the last
//!    `seq` of each conversation of which you saw an event, and the newest `cursor` for all others.
//! 4. Frames of one conversation come in the order of `seq`, without gap or duplicate.

pub mod client;
pub mod close;
pub mod server;
