//! Editing, and deleting for everyone. Each is an event.

use confab_contract::rest::messages::EditedMessage;
use confab_contract::timeline::TimelineEvent;
use confab_contract::{MessageId, TenantId, Timestamp, UserId, limit};

use super::locate;
use crate::engine::Connection;
use crate::{Committed, Refusal, Store, StoreError, WriteError, permission, timeline};

/// Gives a message new content. The old one stays in its history, which is bounded.
pub async fn edit(
    store: &Store,
    tenant: &TenantId,
    actor: UserId,
    id: MessageId,
    content: String,
    now: Timestamp,
) -> Result<(EditedMessage, Committed), WriteError> {
    let mut transaction = store.begin().await?;
    let located = locate(&mut transaction, tenant, actor, id).await?;
    permission::edit_message(actor, located.message.sender_id.0)?;
    let Some(old) = located.message.content else { return Err(Refusal::MessageDeleted.into()) };
    if located.message.version >= i64::from(limit::MESSAGE_VERSIONS) {
        return Err(Refusal::TooManyVersions { most: limit::MESSAGE_VERSIONS }.into());
    }
    let keep = sql!(
        "INSERT INTO message_versions (tenant, message_id, version, created_at, content) VALUES ($1, $2, $3, $4, $5)"
    );
    let keep = keep.bind(tenant).bind(id).bind(located.message.version).bind(located.message.updated_at.0);
    transaction.run(keep.bind(old)).await?;
    let replace =
        sql!("UPDATE messages SET content = $3, version = version + 1, updated_at = $4 WHERE tenant = $1 AND id = $2");
    transaction.run(replace.bind(tenant).bind(id).bind(content.as_str()).bind(now)).await?;
    let event = TimelineEvent::MessageEdited { message_id: id, content_encrypted: Some(content), edited_by: actor };
    let (frame, _) = timeline::append(store, &mut transaction, tenant, &located.conversation, event, now).await?;
    transaction.commit().await?;
    let edited = EditedMessage { message_id: id, seq: frame.seq, is_edited: true, updated_at: now };
    Ok((edited, Committed::of(frame)))
}

/// Takes a message's content, metadata, history and reactions away; its place in the timeline stays. `None`: it was
/// deleted already.
pub async fn delete_for_everyone(
    store: &Store,
    tenant: &TenantId,
    actor: UserId,
    id: MessageId,
    now: Timestamp,
) -> Result<Option<Committed>, WriteError> {
    let mut transaction = store.begin().await?;
    let located = locate(&mut transaction, tenant, actor, id).await?;
    let (kind, role) = (located.conversation.kind(), located.actor.role());
    permission::delete_message(kind, (actor, role), located.message.sender_id.0)?;
    if located.message.is_deleted() {
        return Ok(None);
    }
    wipe(&mut transaction, tenant, id, now).await?;
    let event = TimelineEvent::MessageDeleted { message_id: id, deleted_by: actor };
    let (frame, _) = timeline::append(store, &mut transaction, tenant, &located.conversation, event, now).await?;
    transaction.commit().await?;
    Ok(Some(Committed::of(frame)))
}

async fn wipe(
    transaction: &mut Connection,
    tenant: &TenantId,
    id: MessageId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let message = sql!(
        "UPDATE messages SET content = NULL, metadata = '{}', deleted_at = $3, updated_at = $3
         WHERE tenant = $1 AND id = $2"
    );
    transaction.run(message.bind(tenant).bind(id).bind(now)).await?;
    for query in [
        sql!("DELETE FROM message_versions WHERE tenant = $1 AND message_id = $2"),
        sql!("DELETE FROM reactions WHERE tenant = $1 AND message_id = $2"),
    ] {
        transaction.run(query.bind(tenant).bind(id)).await?;
    }
    Ok(())
}
