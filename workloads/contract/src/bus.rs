//! Messages between processes. Each is a hint: whoever misses one finds the truth in the store.
//!
//! A frame travels as the JSON text that clients get, so that it is encoded once, by the process that committed it.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::rest::users::PresenceStatus;
use crate::{ConversationId, SessionId, TenantId, Timestamp, UserId};

/// A message on the bus, always with its tenant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BusMessage {
    /// Whose.
    pub tenant: TenantId,
    /// What.
    pub notice: Notice,
}

/// What happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// An event was committed.
    Timeline(TimelineNotice),
    /// A watermark moved.
    Receipt(ReceiptNotice),
    /// Somebody types, or stopped.
    Typing(TypingNotice),
    /// A person's availability over all devices of all processes may have changed.
    Presence(PresenceNotice),
    /// A session was revoked.
    SessionRevoked {
        /// Whose session.
        user: UserId,
        /// Which.
        session: SessionId,
    },
    /// Tenants came, changed or went; the store says which.
    TenantsChanged {
        /// Of the last change.
        revision: u64,
    },
}

impl Notice {
    /// Whether every process is to hear of it, whichever tenants it listens to.
    #[must_use]
    pub const fn is_for_all(&self) -> bool {
        matches!(self, Self::SessionRevoked { .. } | Self::TenantsChanged { .. })
    }
}

/// A committed event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TimelineNotice {
    /// Where.
    pub conversation: ConversationId,
    /// Its place.
    pub seq: u64,
    /// The [`crate::timeline::TimelineFrame`] as JSON text.
    pub frame: Box<RawValue>,
    /// Who became a member by it; their connections join the conversation with this event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<UserId>,
    /// Who ceased to be a member by it; for their connections this event is the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<UserId>,
}

/// A watermark that moved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReceiptNotice {
    /// Where.
    pub conversation: ConversationId,
    /// Whose watermark.
    pub user: UserId,
    /// Which watermark.
    pub kind: ReceiptKind,
    /// Where it stands now.
    pub seq: u64,
    /// The [`crate::socket::server::ServerFrame`] as JSON text.
    pub frame: Box<RawValue>,
}

/// Which of a member's watermarks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptKind {
    /// A device has it.
    Delivered,
    /// The person has read it.
    Read,
}

/// Somebody types, or stopped.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct TypingNotice {
    /// Where.
    pub conversation: ConversationId,
    /// Who.
    pub user: UserId,
    /// Began or stopped.
    pub is_typing: bool,
}

/// A person's availability as the process that noticed the change read it back from the store.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PresenceNotice {
    /// Who.
    pub user: UserId,
    /// Over all devices.
    pub status: PresenceStatus,
    /// What they say about it.
    pub status_message: Option<String>,
    /// When a device was last connected, to within some fifteen seconds.
    pub last_seen: Option<Timestamp>,
    /// Grows with every change of this person's presence, so that notices that arrive in the wrong order are told apart.
    pub version: u64,
}
