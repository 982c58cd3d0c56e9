//! `/v1/conversations/{conversation_id}/messages` and `/v1/messages/{message_id}`.

use std::collections::BTreeMap;

use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::timeline::TimelineFrame;
use crate::{ConversationId, MessageId, Timestamp, UserId, limit, validate};

/// Kind of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageType {
    /// Words.
    #[default]
    Text,
    /// A picture.
    Image,
    /// A film.
    Video,
    /// Sound.
    Audio,
    /// Any other file.
    File,
}

impl MessageType {
    /// The text of the wire and of columns.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::File => "file",
        }
    }
}

/// `POST /v1/conversations/{conversation_id}/messages`
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendMessageRequest {
    /// Standard base64. The server stores it as it is; the tenant's limit counts the decoded bytes.
    #[garde(custom(validate::base64_content))]
    #[schema(
        example = "SGVsbG8hIEhvdyBhcmUgeW91Pw==",
        min_length = 4,
        pattern = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$"
    )]
    pub content_encrypted: String,
    /// Kind of message.
    #[serde(default)]
    #[garde(skip)]
    #[schema(example = "text")]
    pub message_type: MessageType,
    /// A message of the same conversation.
    #[serde(default)]
    #[garde(skip)]
    pub reply_to_message_id: Option<MessageId>,
    /// Facts about the content that the server does not interpret.
    #[serde(default)]
    #[garde(skip)]
    #[schema(value_type = Object, example = json!({}))]
    pub metadata: Option<Map<String, Value>>,
    /// Chosen by the client, unique among its messages in the conversation. A retry with the same `temp_id` and the
    /// same body gives the same message; with another body it is a conflict.
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = limit::TEMP_ID_CHARS)))]
    #[schema(example = "temp_12345", min_length = 1, max_length = 128)]
    pub temp_id: Option<String>,
}

/// What a send answers: 201 for a new message, 200 when the `temp_id` was known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SentMessage {
    /// The message.
    pub message_id: MessageId,
    /// Where it was sent.
    pub conversation_id: ConversationId,
    /// Its place in the conversation's timeline.
    #[schema(example = 17)]
    pub seq: u64,
    /// Who sent it.
    pub sender_id: UserId,
    /// As given.
    #[schema(example = "temp_12345")]
    pub temp_id: Option<String>,
    /// When it was stored.
    pub created_at: Timestamp,
}

/// `PUT /v1/messages/{message_id}`, by its sender.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditMessageRequest {
    /// The new content, standard base64.
    #[garde(custom(validate::base64_content))]
    #[schema(
        example = "SGVsbG8gYWdhaW4=",
        min_length = 4,
        pattern = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$"
    )]
    pub content_encrypted: String,
}

/// What an edit answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EditedMessage {
    /// The message.
    pub message_id: MessageId,
    /// `seq` of the edit.
    #[schema(example = 18)]
    pub seq: u64,
    /// Always `true`.
    #[schema(example = true)]
    pub is_edited: bool,
    /// When it was edited.
    pub updated_at: Timestamp,
}

/// For whom a message is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeleteFor {
    /// It disappears for the caller, on all their devices.
    #[default]
    Me,
    /// Its content disappears for all; its place in the timeline stays.
    Everyone,
}

/// `POST /v1/messages/{message_id}/reactions`
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReactRequest {
    /// Exactly one emoji.
    #[garde(custom(validate::emoji))]
    #[schema(example = "❤️", min_length = 1, max_length = 16)]
    pub emoji: String,
}

/// Who reacted with what: emoji to users, in the order of their reactions.
pub type Reactions = BTreeMap<String, Vec<UserId>>;

/// What adding or removing a reaction answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReactedMessage {
    /// The message.
    pub message_id: MessageId,
    /// All its reactions now.
    #[schema(value_type = Object, example = json!({"❤️": ["usr_01946a2b3c4d7e8f9a0b1c2d3e4f5a6b"]}))]
    pub reactions: Reactions,
}

/// `POST /v1/conversations/{conversation_id}/read`
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkReadRequest {
    /// The newest message that was read; all before it count as read too.
    #[garde(skip)]
    pub message_id: MessageId,
}

/// How far a message got, by the watermarks of the members who are in the conversation now.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct DeliveryStatus {
    /// It is stored.
    #[schema(example = true)]
    pub sent: bool,
    /// A device of every other member has acknowledged it.
    pub delivered: bool,
    /// Every other member has read it.
    pub read: bool,
    /// Members, besides the sender, of whom a device has acknowledged it.
    pub delivered_to: Vec<UserId>,
    /// Members, besides the sender, who have read it.
    pub read_by: Vec<UserId>,
}

/// A message as one reader sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// The message; also a cursor for `before` and `after`.
    pub message_id: MessageId,
    /// Where it was sent.
    pub conversation_id: ConversationId,
    /// Its place in the conversation's timeline.
    #[schema(example = 17)]
    pub seq: u64,
    /// Who sent it.
    pub sender_id: UserId,
    /// Base64 as it was sent or last edited; `null` when it was deleted for everyone.
    #[schema(example = "SGVsbG8hIEhvdyBhcmUgeW91Pw==")]
    pub content_encrypted: Option<String>,
    /// Kind of message.
    #[schema(example = "text")]
    pub message_type: MessageType,
    /// As it was sent; empty when it was deleted for everyone.
    #[schema(value_type = Object, example = json!({}))]
    pub metadata: Map<String, Value>,
    /// The message that this one answers.
    pub reply_to_message_id: Option<MessageId>,
    /// Who reacted with what.
    #[schema(value_type = Object, example = json!({"❤️": ["usr_01946a2b3c4d7e8f9a0b1c2d3e4f5a6b"]}))]
    pub reactions: Reactions,
    /// How far it got.
    pub delivery_status: DeliveryStatus,
    /// Whether its content was changed since.
    pub is_edited: bool,
    /// Whether it was deleted for everyone.
    pub is_deleted: bool,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it was last edited or deleted.
    pub updated_at: Timestamp,
}

/// The data of `GET /v1/conversations/{conversation_id}/messages`: newest first with `before` or no cursor, oldest
/// first with `after`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MessagePage {
    /// The page.
    pub messages: Vec<Message>,
    /// Whether more lie in the direction of reading.
    pub has_more: bool,
    /// What to give as `before` (or `after`) for the next page.
    pub next_cursor: Option<MessageId>,
}

/// An earlier content of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MessageVersion {
    /// 1 for the content as it was sent.
    #[schema(example = 1)]
    pub version: u32,
    /// The content of that version.
    #[schema(example = "SGVsbG8=")]
    pub content_encrypted: String,
    /// When this version was written.
    pub created_at: Timestamp,
}

/// The data of `GET /v1/messages/{message_id}/edits`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EditHistory {
    /// The message.
    pub message_id: MessageId,
    /// Its contents, the first first and the present one last; empty when it was deleted for everyone.
    pub versions: Vec<MessageVersion>,
    /// How many there are in all.
    #[schema(example = 1)]
    pub total: u64,
}

/// The data of `GET /v1/conversations/{conversation_id}/events`: the timeline itself, as the WebSocket pushes it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EventPage {
    /// In the order of `seq`.
    pub events: Vec<TimelineFrame>,
    /// Whether more follow.
    pub has_more: bool,
    /// What to give as `after` for the next page: the `seq` of the last event here.
    #[schema(example = 17)]
    pub next_after: u64,
}
