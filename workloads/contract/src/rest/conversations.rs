//! `/v1/conversations`: direct and group conversations as one reader sees them.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::members::Role;
use super::messages::MessageType;
use super::present;
use crate::{ConversationId, MessageId, Timestamp, UserId, limit, validate};

/// Kind of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConversationType {
    /// Between two people; there is exactly one for each pair.
    Direct,
    /// Between any number, with a name and roles.
    Group,
}

impl ConversationType {
    /// The text of the wire and of columns.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Group => "group",
        }
    }
}

/// `POST /v1/conversations`: `participant_id` with `direct`; `name` and `participant_ids` with `group`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "type": "group",
    "name": "Project Team",
    "participant_ids": ["usr_01946a2b3c4d7e8f9a0b1c2d3e4f5a6b"],
    "avatar_url": "https://cdn.example.com/group.jpg",
}))]
pub struct CreateConversationRequest {
    /// Kind of conversation.
    #[serde(rename = "type")]
    #[garde(skip)]
    #[schema(example = "group")]
    pub kind: ConversationType,
    /// With `direct`: the other person.
    #[garde(skip)]
    pub participant_id: Option<UserId>,
    /// With `group`: the first members besides the caller, who becomes the owner. The tenant's limit for a group, 256 if
    /// it sets none, counts the owner too.
    #[garde(inner(length(max = limit::GROUP_MEMBERS_MAX as usize)))]
    #[schema(max_items = 1000)]
    pub participant_ids: Option<Vec<UserId>>,
    /// With `group`: its name.
    #[garde(inner(length(chars, min = 1, max = limit::CONVERSATION_NAME_CHARS), custom(validate::display_name)))]
    #[schema(example = "Project Team", min_length = 1, max_length = 100, pattern = r"[^\s\x00-\x1f\x7f-\x9f]")]
    pub name: Option<String>,
    /// With `group`: its picture.
    #[garde(inner(custom(validate::web_url)))]
    #[schema(example = "https://cdn.example.com/group.jpg", max_length = 2048, pattern = "^https?://")]
    pub avatar_url: Option<String>,
}

/// `PUT /v1/conversations/{conversation_id}`, for groups. A field that is absent stays as it is.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateConversationRequest {
    /// The new name.
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = limit::CONVERSATION_NAME_CHARS), custom(validate::display_name)))]
    #[schema(example = "Project Team 2", min_length = 1, max_length = 100, pattern = r"[^\s\x00-\x1f\x7f-\x9f]")]
    pub name: Option<String>,
    /// The new picture; `null` removes it.
    #[serde(default, deserialize_with = "present")]
    #[garde(inner(inner(custom(validate::web_url))))]
    #[schema(value_type = Option<String>, example = "https://cdn.example.com/group.jpg", max_length = 2048, pattern = "^https?://")]
    pub avatar_url: Option<Option<String>>,
}

/// `PUT /v1/conversations/{conversation_id}/mute`
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"until": "2030-01-15T10:30:00Z"}))]
pub struct MuteRequest {
    /// When the mute ends by itself, in the future; absent or `null` means never.
    #[serde(default)]
    #[garde(skip)]
    #[schema(example = "2030-01-15T10:30:00Z")]
    pub until: Option<Timestamp>,
}

/// A member of a conversation as a reader sees them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Participant {
    /// The account.
    pub user_id: UserId,
    /// Name within the tenant.
    #[schema(example = "janedoe")]
    pub username: String,
    /// Name as people write it.
    #[schema(example = "Jane Doe")]
    pub full_name: Option<String>,
    /// Picture.
    #[schema(example = "https://cdn.example.com/avatars/jane.jpg")]
    pub avatar_url: Option<String>,
    /// What the member may do.
    #[schema(example = "member")]
    pub role: Role,
}

/// The newest message of a conversation that the reader can see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LastMessage {
    /// The message.
    pub message_id: MessageId,
    /// Who sent it.
    pub sender_id: UserId,
    /// Its text; `null` when the tenant encrypts end to end, when it is not text, or when it was deleted.
    #[schema(example = "Hello! How are you?")]
    pub content: Option<String>,
    /// Its kind.
    #[schema(example = "text")]
    pub message_type: MessageType,
    /// When it was sent.
    pub timestamp: Timestamp,
    /// Whether the reader has read it; always so for the reader's own.
    pub is_read: bool,
}

/// A conversation as one reader sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Conversation {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// Its kind.
    #[serde(rename = "type")]
    #[schema(example = "direct")]
    pub kind: ConversationType,
    /// A group's name; of a direct conversation the other person's full name, or username.
    #[schema(example = "Jane Doe")]
    pub name: String,
    /// A group's picture; of a direct conversation the other person's.
    #[schema(example = "https://cdn.example.com/avatars/jane.jpg")]
    pub avatar_url: Option<String>,
    /// The members besides the reader. A list of conversations shows the first 20; `participant_count` counts all.
    pub participants: Vec<Participant>,
    /// Members, the reader included.
    #[schema(example = 2)]
    pub participant_count: u32,
    /// What the reader may do here.
    #[schema(example = "member")]
    pub role: Role,
    /// The newest message that the reader can see.
    pub last_message: Option<LastMessage>,
    /// Messages of others after the reader's `read_seq` that are neither deleted nor hidden. It is counted up to 1,000, and
    /// over the newest 10,000 messages.
    #[schema(example = 3, maximum = 1000)]
    pub unread_count: u64,
    /// Whether the reader pinned it.
    pub is_pinned: bool,
    /// Whether it is muted for the reader at this moment.
    pub is_muted: bool,
    /// When the mute ends by itself.
    pub muted_until: Option<Timestamp>,
    /// `seq` of the newest event.
    #[schema(example = 17)]
    pub last_seq: u64,
    /// Up to which `seq` the reader has read.
    #[schema(example = 14)]
    pub read_seq: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the newest event happened.
    pub updated_at: Timestamp,
}

/// The data of `GET /v1/conversations`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ConversationList {
    /// Pinned ones first, then by the newest event.
    pub conversations: Vec<Conversation>,
    /// How many there are in all.
    #[schema(example = 1)]
    pub total: u64,
}
