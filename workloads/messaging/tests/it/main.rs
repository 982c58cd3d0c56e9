//! Tests of the whole service: the real router on a real listener with a real store, on both engines.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod authorisation;
mod bad_input;
mod client;
mod conversations;
mod documents;
mod engines;
mod isolation;
mod limits;
mod logs;
mod members;
mod messages;
mod process;
mod reactions;
mod sessions;
mod sign_in;
mod sync;
mod users;
mod world;
