//! A small honest client of the API: it tells definite failures from unknown ones, resumes where it was, acknowledges
//! what it has, and reconnects as the close code advises.
//!
//! - [`api`]: REST against one server.
//! - [`failure`]: refused, not sent, or unknown.
//! - [`tracker`]: what a device has, and so what it says when it resumes; pure.
//! - [`socket`]: one WebSocket connection.
//! - [`backoff`]: when to connect again; pure.

pub mod api;
pub mod backoff;
pub mod failure;
pub mod socket;
pub mod tracker;

use std::sync::Arc;

use confab_contract::UserId;

/// A person who is signed in.
#[derive(Debug, Clone)]
pub struct Account {
    /// Who.
    pub user: UserId,
    /// Bearer token.
    pub token: Arc<str>,
}
