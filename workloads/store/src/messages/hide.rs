//! Deleting for oneself: no event, but the person's other devices learn of it by the sync cursor.

use confab_contract::{MessageId, TenantId, UserId};

use super::locate::conversation_of;
use crate::changes;
use crate::engine::Seq;
use crate::{Store, StoreError, members};

/// Hides a message from the actor. `false`: not there, or not visible to the actor. Hiding it again changes nothing.
pub async fn delete_for_me(store: &Store, tenant: &TenantId, actor: UserId, id: MessageId) -> Result<bool, StoreError> {
    let mut transaction = store.begin().await?;
    let Some(conversation) = conversation_of(&mut transaction, tenant, id).await? else { return Ok(false) };
    let rows = members::lock(&mut transaction, tenant, conversation, &[actor]).await?;
    let Some(own) = rows.into_iter().find(members::MemberState::is_active) else { return Ok(false) };
    let query = sql!(
        "SELECT m.seq, EXISTS (SELECT 1 FROM hidden_messages h
             WHERE h.tenant = $1 AND h.user_id = $4 AND h.conversation_id = m.conversation_id AND h.seq = m.seq)
         FROM messages m WHERE m.tenant = $1 AND m.id = $2 AND m.seq >= $3"
    );
    let query = query.bind(tenant).bind(id).bind(own.visible_from()).bind(actor);
    let found: Option<(Seq, bool)> = transaction.optional(query).await?;
    let Some((seq, is_hidden)) = found else { return Ok(false) };
    if is_hidden {
        return Ok(true);
    }
    let mark = changes::bump(&mut transaction, tenant, store.lanes().next()).await?;
    let hide = sql!(
        "INSERT INTO hidden_messages (tenant, user_id, conversation_id, seq, message_id, change_mark)
         VALUES ($1, $2, $3, $4, $5, $6)"
    );
    let hide = hide.bind(tenant).bind(actor).bind(conversation).bind(seq.0).bind(id);
    transaction.run(hide.bind(mark.to_column())).await?;
    let stamp = sql!("UPDATE members SET change_mark = $4 WHERE tenant = $1 AND conversation_id = $2 AND user_id = $3");
    transaction.run(stamp.bind(tenant).bind(conversation).bind(actor).bind(mark.to_column())).await?;
    transaction.commit().await?;
    Ok(true)
}
