//! Finding a message that somebody wants to change, with its conversation locked.

use confab_contract::{ConversationId, MessageId, TenantId, UserId};

use crate::engine::{Connection, Millis, Text};
use crate::members::{self, MemberState};
use crate::timeline::{self, LockedConversation};
use crate::{Refusal, StoreError, WriteError};

/// A message that the actor can see, in a conversation that this transaction holds.
pub(crate) struct LocatedMessage {
    pub(crate) conversation: LockedConversation,
    pub(crate) actor: MemberState,
    pub(crate) message: Target,
}

/// What deciding needs of the message.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Target {
    pub(crate) sender_id: Text<UserId>,
    pub(crate) deleted_at: Option<Millis>,
    pub(crate) version: i64,
    pub(crate) updated_at: Millis,
    pub(crate) content: Option<String>,
}

impl Target {
    pub(crate) const fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }
}

/// Refuses what the actor cannot see: unknown messages, others' conversations, messages from before joining, and those
/// deleted for oneself.
pub(crate) async fn locate(
    transaction: &mut Connection,
    tenant: &TenantId,
    actor: UserId,
    id: MessageId,
) -> Result<LocatedMessage, WriteError> {
    let missing = Refusal::MessageNotFound;
    let Some(conversation_id) = conversation_of(transaction, tenant, id).await? else { return Err(missing.into()) };
    let Some(conversation) = timeline::lock(transaction, tenant, conversation_id).await? else {
        return Err(missing.into());
    };
    // Read without a lock: only holders of the conversation's row change who is a member.
    let actor_row = members::find(transaction, tenant, conversation_id, actor).await?;
    let Some(actor_row) = actor_row.filter(MemberState::is_active) else { return Err(missing.into()) };
    let query = sql!(
        "SELECT m.sender_id, m.deleted_at, m.version, m.updated_at, m.content FROM messages m
         WHERE m.tenant = $1 AND m.id = $2 AND m.seq >= $3
           AND NOT EXISTS (SELECT 1 FROM hidden_messages h
               WHERE h.tenant = $1 AND h.user_id = $4 AND h.conversation_id = m.conversation_id AND h.seq = m.seq)"
    );
    let query = query.bind(tenant).bind(id).bind(actor_row.visible_from()).bind(actor);
    let message: Option<Target> = transaction.optional(query).await?;
    let message = message.ok_or(missing)?;
    Ok(LocatedMessage { conversation, actor: actor_row, message })
}

pub(super) async fn conversation_of(
    connection: &mut Connection,
    tenant: &TenantId,
    id: MessageId,
) -> Result<Option<ConversationId>, StoreError> {
    let query = sql!("SELECT conversation_id FROM messages WHERE tenant = $1 AND id = $2").bind(tenant).bind(id);
    let row: Option<(Text<ConversationId>,)> = connection.optional(query).await?;
    Ok(row.map(|(id,)| id.0))
}
