//! What every process that checks tokens needs from the store: the tenants' signing keys and the sessions that ended.
//!
//! This crate moves data between `confab-store` and the memories of `confab-chassis` ([`Keyring`], [`Revocations`]), and
//! owns the wire form of the sync cursor, which both services speak. It decides who may sign in as little as it knows
//! routes or sockets.
//!
//! - [`rotation`]: when to make which key. Pure.
//! - [`keys`]: makes, seals, reads and opens keys.
//! - [`revoked`]: reads revocations.
//! - [`cursor`]: the sync cursor as text.
//!
//! ```text
//! prime()  ── before readiness: keys of every tenant, revocations of the last token lifetime
//! spawn()  ── then: revocations twice a second, new tenants' keys each second, all keys every half minute
//! ```
//!
//! When the store is away, what is known goes on being served; readiness is the store's own matter.
//!
//! [`Keyring`]: confab_chassis::token::Keyring
//! [`Revocations`]: confab_chassis::token::Revocations

pub mod cursor;
mod feed;
pub mod keys;
pub mod revoked;
pub mod rotation;

pub use feed::{IdentityFeed, IdentityParts};
pub use keys::KeyError;
