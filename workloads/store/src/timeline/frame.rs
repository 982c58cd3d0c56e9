//! Rows as frames.

use std::sync::Arc;

use confab_contract::rest::messages::MessageType;
use confab_contract::timeline::{TimelineEvent, TimelineFrame, TimelineMessage};
use confab_contract::{ConversationId, MessageId, UserId};
use serde_json::{Map, Value};

use crate::StoreError;
use crate::engine::{Millis, Seq, Text};

/// A message as every reader sees it. Statements that fill it name exactly these columns.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct MessageRow {
    pub(crate) conversation_id: Text<ConversationId>,
    pub(crate) seq: Seq,
    pub(crate) id: Text<MessageId>,
    pub(crate) sender_id: Text<UserId>,
    pub(crate) deleted_at: Option<Millis>,
    pub(crate) message_type: Text<MessageType>,
    pub(crate) version: i64,
    pub(crate) created_at: Millis,
    pub(crate) updated_at: Millis,
    pub(crate) reply_to: Option<Text<MessageId>>,
    pub(crate) temp_id: Option<String>,
    pub(crate) metadata: String,
    pub(crate) content: Option<String>,
}

/// An event that is no message; `content` is the present one of the message that an edit is about.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct EventRow {
    pub(crate) conversation_id: Text<ConversationId>,
    pub(crate) seq: Seq,
    pub(crate) body: String,
    pub(crate) created_at: Millis,
    pub(crate) content: Option<String>,
}

impl MessageRow {
    pub(crate) const fn is_edited(&self) -> bool {
        self.version > 1
    }

    pub(crate) const fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    pub(crate) fn metadata(&self) -> Result<Map<String, Value>, StoreError> {
        serde_json::from_str(&self.metadata).map_err(|error| unreadable("metadata", error))
    }

    pub(crate) fn into_frame(self) -> Result<TimelineFrame, StoreError> {
        let message = TimelineMessage {
            metadata: self.metadata()?,
            is_edited: self.is_edited(),
            is_deleted: self.is_deleted(),
            message_id: self.id.0,
            sender_id: self.sender_id.0,
            content_encrypted: self.content,
            message_type: self.message_type.0,
            reply_to_message_id: self.reply_to.map(|id| id.0),
            temp_id: self.temp_id,
            created_at: self.created_at.0,
            updated_at: self.updated_at.0,
        };
        Ok(TimelineFrame {
            conversation_id: self.conversation_id.0,
            seq: self.seq.0,
            at: self.created_at.0,
            event: TimelineEvent::MessageReceived { message },
        })
    }
}

impl EventRow {
    pub(crate) fn into_frame(self) -> Result<TimelineFrame, StoreError> {
        let mut event: TimelineEvent = serde_json::from_str(&self.body).map_err(|error| unreadable("body", error))?;
        if let TimelineEvent::MessageEdited { content_encrypted, .. } = &mut event {
            *content_encrypted = self.content;
        }
        Ok(TimelineFrame { conversation_id: self.conversation_id.0, seq: self.seq.0, at: self.created_at.0, event })
    }
}

/// The column `body` of an event, and the message that its content is in. An edit keeps no content of its own, so that
/// it shows the message as it is now, and nothing after a deletion.
pub(crate) fn stored_form(event: &TimelineEvent) -> (String, Option<MessageId>) {
    let (event, message) = match event {
        TimelineEvent::MessageEdited { message_id, edited_by, .. } => {
            let bare = TimelineEvent::MessageEdited {
                message_id: *message_id,
                content_encrypted: None,
                edited_by: *edited_by,
            };
            (serde_json::to_string(&bare), Some(*message_id))
        }
        event => (serde_json::to_string(event), None),
    };
    (event.expect("an event is plain data"), message)
}

fn unreadable(column: &str, error: serde_json::Error) -> StoreError {
    StoreError::Corrupt { column: column.to_owned(), source: Arc::new(sqlx::Error::Decode(Box::new(error))) }
}
