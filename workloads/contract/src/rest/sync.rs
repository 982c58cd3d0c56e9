//! `GET /v1/sync`: what changed in all conversations of the caller since a cursor.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::conversations::Conversation;
use crate::timeline::TimelineFrame;
use crate::{ConversationId, MessageId};

/// The data of `GET /v1/sync?since={cursor}`. Without a cursor: all conversations, without their events.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SyncPage {
    /// Conversations with new events, or whose state for the caller changed (pin, mute, read, deleted for me).
    pub conversations: Vec<ChangedConversation>,
    /// Conversations that the caller is no longer in.
    pub left: Vec<ConversationId>,
    /// Whether more changes wait behind `next_cursor`.
    pub has_more: bool,
    /// What to give as `since` next time. It may repeat a change, and never skips one.
    #[schema(example = "c1.AAEC...")]
    pub next_cursor: String,
}

/// One conversation that changed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ChangedConversation {
    /// Its present state for the caller.
    pub conversation: Conversation,
    /// Its events after the cursor, in the order of `seq`: the newest 100 at most, and only as many as fit into one answer.
    pub events: Vec<TimelineFrame>,
    /// Whether `events` begins later than the cursor: read `GET /v1/conversations/{id}/events?after=` from what you have.
    pub events_truncated: bool,
    /// Messages that the caller deleted for themselves since the cursor; 1,000 at most in one answer.
    pub hidden_message_ids: Vec<MessageId>,
    /// Whether there may be more of them than are named: read the messages of the conversation anew.
    pub hidden_truncated: bool,
}
