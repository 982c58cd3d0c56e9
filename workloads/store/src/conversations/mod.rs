//! Direct conversations and groups, as one reader sees them.

mod create;
mod read;
mod update;
mod view;

use confab_contract::rest::conversations::{ConversationType, Participant};
use confab_contract::rest::members::Role;
use confab_contract::rest::messages::MessageType;
use confab_contract::{ConversationId, MessageId, Timestamp, UserId};

pub use create::{create_direct, create_group};
pub(crate) use read::of_reader;
pub use read::{get, list};
pub use update::update;

use crate::Committed;

/// The newest message that a reader can see, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastMessageRow {
    /// The message.
    pub message_id: MessageId,
    /// Who sent it.
    pub sender_id: UserId,
    /// Its place.
    pub seq: u64,
    /// Base64, `None` when it was deleted for everyone.
    pub content_encrypted: Option<String>,
    /// Its kind.
    pub message_type: MessageType,
    /// When it was stored.
    pub created_at: Timestamp,
}

/// A conversation as one reader sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationRow {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// Direct or group.
    pub kind: ConversationType,
    /// A group's name; of a direct conversation the other person's full name, or username.
    pub name: String,
    /// A group's picture; of a direct conversation the other person's.
    pub avatar_url: Option<String>,
    /// Active members besides the reader, in the order of joining.
    pub participants: Vec<Participant>,
    /// Active members, the reader included.
    pub participant_count: u32,
    /// The reader's role.
    pub role: Role,
    /// The newest visible message.
    pub last_message: Option<LastMessageRow>,
    /// Messages of others after `read_seq` that are neither deleted nor hidden, counted up to
    /// [`confab_contract::limit::UNREAD_COUNT_MAX`].
    pub unread_count: u64,
    /// Whether the reader pinned it.
    pub is_pinned: bool,
    /// Whether it is muted for the reader at this moment.
    pub is_muted: bool,
    /// When the mute ends by itself.
    pub muted_until: Option<Timestamp>,
    /// `seq` of the newest event.
    pub last_seq: u64,
    /// Up to which `seq` the reader has read.
    pub read_seq: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the newest event happened.
    pub updated_at: Timestamp,
}

/// What creating gave.
#[derive(Debug, Clone)]
pub struct CreatedConversation {
    /// The conversation, new or found.
    pub id: ConversationId,
    /// Whether it is new.
    pub is_new: bool,
    /// The first event, if it is new.
    pub committed: Option<Committed>,
}

/// A group to be made.
#[derive(Debug, Clone)]
pub struct NewGroup {
    /// Chosen by the caller.
    pub id: ConversationId,
    /// Who makes it.
    pub owner: UserId,
    /// Its name.
    pub name: String,
    /// Its picture.
    pub avatar_url: Option<String>,
    /// The first members; the owner may be among them or not.
    pub members: Vec<UserId>,
    /// Members at most, the owner included.
    pub most_members: u32,
}

/// Changes of a group.
#[derive(Debug, Clone, Default)]
pub struct GroupPatch {
    /// The new name.
    pub name: Option<String>,
    /// The new picture; `Some(None)` removes it.
    pub avatar_url: Option<Option<String>>,
}
