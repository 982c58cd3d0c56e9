//! Messages that somebody deleted for themselves since a position.

use std::collections::HashMap;

use confab_contract::limit::SYNC_HIDDEN;
use confab_contract::{ConversationId, MessageId, TenantId, UserId};

use super::Position;
use crate::StoreError;
use crate::engine::{Connection, Rows, Text};

/// What was hidden, by conversation, as far as one answer names it.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    by_conversation: HashMap<ConversationId, Vec<MessageId>>,
    /// The conversation in which the naming ended early.
    cut_in: Option<ConversationId>,
}

impl Hidden {
    /// What of a conversation is named, and whether there may be more.
    pub(super) fn take(&mut self, conversation: ConversationId) -> (Vec<MessageId>, bool) {
        let named = self.by_conversation.remove(&conversation).unwrap_or_default();
        // Of those that were not reached nothing is known.
        let may_be_more = self.cut_in.is_some_and(|cut| cut == conversation || named.is_empty());
        (named, may_be_more)
    }
}

/// Reads what was hidden in these conversations and is new for the position.
pub(super) async fn since(
    connection: &mut Connection,
    tenant: &TenantId,
    user: UserId,
    conversations: &[ConversationId],
    position: &Position,
) -> Result<Hidden, StoreError> {
    let known = if position.is_origin() { position.frontier() } else { position.seen() };
    let query = sql!(
        "SELECT h.conversation_id, h.message_id FROM " rows
        "CROSS JOIN hidden_messages h
         WHERE h.tenant = $3 AND h.user_id = $4 AND h.conversation_id = j.value->>0
           AND (h.change_mark & 281474976710655)
               > CAST(" lanes "->> CAST(h.change_mark >> 48 AS INTEGER) AS BIGINT)
         ORDER BY h.conversation_id, h.seq LIMIT $5"
    );
    let known = serde_json::to_string(known).expect("numbers are JSON");
    let query = query.bind(Rows::single(conversations)).bind(known).bind(tenant).bind(user);
    let rows: Vec<(Text<ConversationId>, Text<MessageId>)> = connection.all(query.bind(SYNC_HIDDEN + 1)).await?;
    let most = usize::try_from(SYNC_HIDDEN).unwrap_or(usize::MAX);
    let mut hidden = Hidden { cut_in: rows.get(most).map(|(id, _)| id.0), ..Hidden::default() };
    for (conversation, message) in rows.into_iter().take(most) {
        hidden.by_conversation.entry(conversation.0).or_default().push(message.0);
    }
    Ok(hidden)
}
