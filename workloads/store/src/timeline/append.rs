//! Storing an event that is no message: lock the conversation, bump its sequence, insert.

use confab_contract::rest::conversations::ConversationType;
use confab_contract::timeline::{TimelineEvent, TimelineFrame};
use confab_contract::{ConversationId, TenantId, Timestamp};

use super::frame::stored_form;
use crate::changes::{self, Mark};
use crate::engine::{Connection, Seq, Text};
use crate::{Store, StoreError};

/// A conversation whose row this transaction holds: nobody else appends to it until COMMIT.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct LockedConversation {
    id: Text<ConversationId>,
    kind: Text<ConversationType>,
    pub(crate) name: Option<String>,
    pub(crate) avatar_url: Option<String>,
    last_seq: Seq,
}

impl LockedConversation {
    pub(crate) const fn kind(&self) -> ConversationType {
        self.kind.0
    }

    pub(crate) const fn next_seq(&self) -> u64 {
        self.last_seq.0 + 1
    }
}

/// Takes the conversation's row. The first lock of every transaction that changes a conversation.
pub(crate) async fn lock(
    connection: &mut Connection,
    tenant: &TenantId,
    id: ConversationId,
) -> Result<Option<LockedConversation>, StoreError> {
    let query = sql!(
        "SELECT c.id, c.kind, c.name, c.avatar_url, c.last_seq FROM conversations c
         WHERE c.tenant = $1 AND c.id = $2" locking "c"
    );
    connection.optional(query.bind(tenant).bind(id)).await
}

/// Stores the next event of a conversation. It takes the lane, which is the last lock: rows of members that the
/// transaction is going to change must be locked before.
pub(crate) async fn append(
    store: &Store,
    connection: &mut Connection,
    tenant: &TenantId,
    conversation: &LockedConversation,
    event: TimelineEvent,
    now: Timestamp,
) -> Result<(TimelineFrame, Mark), StoreError> {
    let mark = changes::bump(connection, tenant, store.lanes().next()).await?;
    let (id, seq) = (conversation.id.0, conversation.next_seq());
    let (body, message) = stored_form(&event);
    let insert = sql!(
        "INSERT INTO events (tenant, conversation_id, seq, message_id, body, change_mark, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)"
    );
    let insert = insert.bind(tenant).bind(id).bind(seq).bind(message.map(|id| id.to_string()));
    connection.run(insert.bind(body).bind(mark.to_column()).bind(now)).await?;
    let advance = sql!(
        "UPDATE conversations SET last_seq = $3, change_mark = $4,
             updated_at = CASE WHEN updated_at > $5 THEN updated_at ELSE $5 END WHERE tenant = $1 AND id = $2"
    );
    connection.run(advance.bind(tenant).bind(id).bind(seq).bind(mark.to_column()).bind(now)).await?;
    Ok((TimelineFrame { conversation_id: id, seq, at: now, event }, mark))
}
