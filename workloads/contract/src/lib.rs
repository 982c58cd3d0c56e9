//! What crosses a process boundary: the words that every part of Confab has to spell alike.
//!
//! This crate owns ids, wire types of the REST API and of the WebSocket, the sequenced timeline events, the messages of
//! the bus and each service's Config. It decides nothing and does no I/O; it validates the shape of what it describes.
//!
//! Reading order:
//! - [`id`], [`time`]: prefixed, time-ordered identifiers; integer milliseconds.
//! - [`error`], [`envelope`]: how every reply looks, good or bad.
//! - [`rest`]: requests and replies, one module per resource.
//! - [`timeline`]: the sequenced events of a conversation, the heart of the product.
//! - [`socket`]: frames in both directions and the close codes of the WebSocket.
//! - [`bus`]: wake-up hints between processes. The store is the record; the bus may lose any of them.
//! - [`admin`]: between the operator and a host: tenants that come and go.
//! - [`config`]: the configuration file of each service, and a tenant's settings inside it.

pub mod admin;
pub mod bus;
pub mod config;
pub mod envelope;
pub mod error;
pub mod id;
pub mod limit;
pub mod rest;
pub mod socket;
pub mod time;
pub mod timeline;
pub mod validate;

pub use error::{ApiError, ErrorCode};
pub use id::{ConnectionId, ConversationId, MessageId, RequestId, SessionId, TenantId, UserId};
pub use time::Timestamp;
