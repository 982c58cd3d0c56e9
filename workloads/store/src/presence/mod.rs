//! Availability: each node tells what its devices show, the store keeps what that comes to for each person.
//!
//! A node is one running process. It holds a lease, and what it told counts while the lease lasts: a process that was
//! killed leaves nobody online for longer. Its rows are swept by whoever notices first.

mod aggregate;
mod node;
mod read;

use std::fmt;

use confab_contract::rest::users::PresenceStatus;
use confab_contract::{TenantId, Timestamp, UserId};
use uuid::Uuid;

pub use aggregate::aggregate;
pub use node::{Renewed, renew, set, sweep};
pub use read::get;
pub(crate) use read::touch;

/// One running process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(Uuid);

impl NodeId {
    /// A new process.
    #[must_use]
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// Wraps a UUID that was chosen elsewhere, for example in a test.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.simple())
    }
}

/// A person's availability over all devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceRow {
    /// Who.
    pub user: UserId,
    /// Over all devices.
    pub status: PresenceStatus,
    /// What they say about it.
    pub status_message: Option<String>,
    /// When a device was last connected: now, while one is.
    pub last_seen: Option<Timestamp>,
    /// Grows with every change.
    pub version: u64,
}

/// A person's availability over the devices of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePresence {
    /// In which tenant.
    pub tenant: TenantId,
    /// Who.
    pub user: UserId,
    /// `None`: no connection on this node.
    pub status: Option<PresenceStatus>,
    /// Others may have been told something else, because the node's lease had ended: it is news, whatever was told.
    pub is_afresh: bool,
}

/// When a device was last connected, of somebody who shows this.
fn seen_until(status: PresenceStatus, written: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    if status == PresenceStatus::Offline { written } else { Some(now) }
}
