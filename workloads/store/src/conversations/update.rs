//! Changing a group's name and picture.

use confab_contract::timeline::TimelineEvent;
use confab_contract::{ConversationId, TenantId, Timestamp, UserId};

use super::GroupPatch;
use crate::{Committed, Refusal, Store, WriteError, members, permission, timeline};

/// Changes a group.
pub async fn update(
    store: &Store,
    tenant: &TenantId,
    actor: UserId,
    id: ConversationId,
    patch: GroupPatch,
    now: Timestamp,
) -> Result<Committed, WriteError> {
    let mut transaction = store.begin().await?;
    let conversation = timeline::lock(&mut transaction, tenant, id).await?.ok_or(Refusal::ConversationNotFound)?;
    let rows = members::lock(&mut transaction, tenant, id, &[actor]).await?;
    let actor_row = rows.iter().find(|row| row.is_active()).ok_or(Refusal::ConversationNotFound)?;
    permission::update_group(conversation.kind(), actor_row.role())?;
    let name = patch.name.or_else(|| conversation.name.clone());
    let avatar_url = patch.avatar_url.unwrap_or_else(|| conversation.avatar_url.clone());
    let query = sql!("UPDATE conversations SET name = $3, avatar_url = $4 WHERE tenant = $1 AND id = $2");
    transaction.run(query.bind(tenant).bind(id).bind(name.as_deref()).bind(avatar_url.as_deref())).await?;
    let event = TimelineEvent::ConversationUpdated { name, avatar_url, updated_by: actor };
    let (frame, _) = timeline::append(store, &mut transaction, tenant, &conversation, event, now).await?;
    transaction.commit().await?;
    Ok(Committed::of(frame))
}
