//! Messages: sending (through the group-commit writer), reading, editing, deleting.

mod change;
mod hide;
mod locate;
mod read;
mod send;
mod view;

use confab_contract::rest::messages::{MessageType, SentMessage};
use confab_contract::{ConversationId, MessageId, Timestamp, UserId};
use serde_json::{Map, Value};

pub use change::{delete_for_everyone, edit};
pub use hide::delete_for_me;
pub(crate) use locate::locate;
pub use read::{get, page, versions};
pub use send::send;

use crate::Committed;

/// A message to be sent.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Chosen by the caller.
    pub id: MessageId,
    /// Where.
    pub conversation: ConversationId,
    /// Who.
    pub sender: UserId,
    /// Base64, stored as it is.
    pub content_encrypted: String,
    /// Kind of message.
    pub message_type: MessageType,
    /// Facts about the content.
    pub metadata: Map<String, Value>,
    /// The message that this one answers.
    pub reply_to: Option<MessageId>,
    /// Chosen by the client.
    pub temp_id: Option<String>,
    /// The present.
    pub at: Timestamp,
}

/// What sending gave.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The message, new or as it was stored by the first try.
    pub message: SentMessage,
    /// The event; `None` when the `temp_id` was known and nothing was stored.
    pub committed: Option<Committed>,
}

/// Where a page of messages begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    /// At the newest, going back.
    Newest,
    /// Before this message, going back.
    Before(MessageId),
    /// After this message, going forward.
    After(MessageId),
}
