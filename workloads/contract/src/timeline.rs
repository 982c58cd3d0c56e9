//! The sequenced events of a conversation.
//!
//! Everything that all members must learn of has a place in one dense sequence per conversation: `seq` 1, 2, 3, …,
//! assigned in the transaction that stores the event. A frame is the same for every reader, so it is encoded once; what
//! concerns one reader alone (unread counts, hidden messages, receipts) is not in it.
//!
//! A frame read again from the store shows the message as it is now: after an edit the new content, after a deletion
//! for everyone none. `seq`, `type` and the ids never change.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::rest::conversations::ConversationType;
use crate::rest::members::Role;
use crate::rest::messages::MessageType;
use crate::{ConversationId, MessageId, Timestamp, UserId};

/// One event with its place in the conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TimelineFrame {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// Its place: dense and strictly increasing per conversation, the same for every reader.
    #[schema(example = 17)]
    pub seq: u64,
    /// When it was stored. Never order by it.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub event: TimelineEvent,
}

/// What happened in a conversation. `type` on the wire is the variant's name in snake case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TimelineEvent {
    /// The conversation was made; always `seq` 1.
    ConversationCreated {
        /// Direct or group.
        conversation_type: ConversationType,
        /// The group's name; `null` for a direct conversation.
        name: Option<String>,
        /// The group's picture.
        avatar_url: Option<String>,
        /// Who made it.
        created_by: UserId,
        /// All first members, the maker included.
        member_ids: Vec<UserId>,
    },
    /// A message was sent. The sender's own devices get it too.
    MessageReceived {
        /// The message as it is now.
        message: TimelineMessage,
    },
    /// A message got new content.
    MessageEdited {
        /// The message.
        message_id: MessageId,
        /// The content now; `null` when the message was deleted for everyone since.
        content_encrypted: Option<String>,
        /// Who edited it.
        edited_by: UserId,
    },
    /// A message was deleted for everyone.
    MessageDeleted {
        /// The message.
        message_id: MessageId,
        /// Who deleted it.
        deleted_by: UserId,
    },
    /// Somebody reacted to a message.
    ReactionAdded {
        /// The message.
        message_id: MessageId,
        /// Who reacted.
        user_id: UserId,
        /// With what.
        emoji: String,
    },
    /// Somebody took a reaction back.
    ReactionRemoved {
        /// The message.
        message_id: MessageId,
        /// Whose reaction.
        user_id: UserId,
        /// Which one.
        emoji: String,
    },
    /// Members joined. It is the first event that they see.
    MembersAdded {
        /// Who joined.
        user_ids: Vec<UserId>,
        /// Who added them.
        added_by: UserId,
    },
    /// A member was removed. It is the last event that they see.
    MemberRemoved {
        /// Who was removed.
        user_id: UserId,
        /// By whom.
        removed_by: UserId,
    },
    /// A member left. It is the last event that they see.
    MemberLeft {
        /// Who left.
        user_id: UserId,
        /// Who became the owner by that, if the owner left.
        new_owner_id: Option<UserId>,
    },
    /// A member's role changed.
    RoleChanged {
        /// Whose role.
        user_id: UserId,
        /// What it is now.
        role: Role,
        /// Who changed it.
        changed_by: UserId,
    },
    /// The group's name or picture changed.
    ConversationUpdated {
        /// The name now.
        name: Option<String>,
        /// The picture now.
        avatar_url: Option<String>,
        /// Who changed it.
        updated_by: UserId,
    },
}

/// A message inside the timeline: the part that is the same for every reader.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TimelineMessage {
    /// The message.
    pub message_id: MessageId,
    /// Who sent it.
    pub sender_id: UserId,
    /// Base64 as it is now; `null` when it was deleted for everyone.
    #[schema(example = "SGVsbG8hIEhvdyBhcmUgeW91Pw==")]
    pub content_encrypted: Option<String>,
    /// Kind of message.
    pub message_type: MessageType,
    /// As it was sent; empty when it was deleted for everyone.
    #[schema(value_type = Object, example = json!({}))]
    pub metadata: Map<String, Value>,
    /// The message that this one answers.
    pub reply_to_message_id: Option<MessageId>,
    /// As its sender chose it, so that the sender's devices recognise their own.
    #[schema(example = "temp_12345")]
    pub temp_id: Option<String>,
    /// Whether its content was changed since.
    pub is_edited: bool,
    /// Whether it was deleted for everyone since.
    pub is_deleted: bool,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it was last edited or deleted.
    pub updated_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_flat_and_survives_its_text_form() {
        let frame = TimelineFrame {
            conversation_id: ConversationId::generate(),
            seq: 7,
            at: Timestamp::from_millis(1),
            event: TimelineEvent::ReactionAdded {
                message_id: MessageId::generate(),
                user_id: UserId::generate(),
                emoji: "👍".to_owned(),
            },
        };
        let text = serde_json::to_string(&frame).expect("a frame is plain data");
        let value: Value = serde_json::from_str(&text).expect("what we wrote is JSON");
        assert_eq!(value["type"], "reaction_added");
        assert_eq!(value["seq"], 7);
        assert_eq!(serde_json::from_str::<TimelineFrame>(&text).expect("what we wrote we can read"), frame);
    }
}
