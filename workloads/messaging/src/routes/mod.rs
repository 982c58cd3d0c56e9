//! The routes, one module per resource: request types of its own, handlers, `router()`.
//!
//! A handler reads alike everywhere: extract, decide, one store call, publish, reply.

pub(crate) mod auth;
pub(crate) mod conversations;
pub(crate) mod members;
pub(crate) mod messages;
pub(crate) mod meta;
pub(crate) mod reactions;
pub(crate) mod receipts;
pub(crate) mod sessions;
pub(crate) mod sync;
pub(crate) mod timeline;
pub(crate) mod users;
