//! What every process that checks tokens needs from the store: the tenants' signing keys and the sessions that ended.
//!
//! This crate moves data between `confab-store` and the memories of `confab-chassis` ([`Keyring`], [`Revocations`]), and
//! owns the wire form of the sync cursor, which both services speak. It decides who may sign in as little as it knows
//! routes or sockets.
//!
//! - [`rotation`]: when to make which key. Pure.
//! - [`keys`]: makes, seals, reads and opens keys, of many tenants at once; `schedule` says whose are due.
//! - [`revoked`]: reads revocations; `hints` hears of them at once.
//! - [`ended`]: clears away sessions that ended long ago.
//! - [`cursor`]: the sync cursor as text.
//!
//! ```text
//! prime()  ── before readiness: keys of every tenant, revocations as old as the oldest token
//! spawn()  ── then: revocations from the bus and twice a second from the store, keys when they are due, ended sessions
//!             each day
//! ```
//!
//! When the store is away, what is known goes on being served; readiness is the store's own matter.
//!
//! [`Keyring`]: confab_chassis::token::Keyring
//! [`Revocations`]: confab_chassis::token::Revocations

pub mod cursor;
pub mod ended;
mod feed;
mod hints;
pub mod keys;
pub mod revoked;
pub mod rotation;
mod schedule;

pub use feed::{IdentityFeed, IdentityParts};
pub use keys::KeyError;
