//! Reactions to messages. Adding and removing one are events.

use std::collections::HashMap;

use confab_contract::limit::REACTIONS_PER_MESSAGE;
use confab_contract::rest::messages::Reactions;
use confab_contract::timeline::TimelineEvent;
use confab_contract::{MessageId, TenantId, Timestamp, UserId};

use crate::engine::{Connection, Rows, Text};
use crate::messages::locate;
use crate::{Committed, Refusal, Store, StoreError, WriteError, timeline};

/// Reacts to a message. Returns all its reactions; no event when the reaction was there already.
pub async fn add(
    store: &Store,
    tenant: &TenantId,
    user: UserId,
    message: MessageId,
    emoji: &str,
    now: Timestamp,
) -> Result<(Reactions, Option<Committed>), WriteError> {
    let mut transaction = store.begin().await?;
    let located = locate(&mut transaction, tenant, user, message).await?;
    if located.message.is_deleted() {
        return Err(Refusal::MessageDeleted.into());
    }
    let mut reactions = of_message(&mut transaction, tenant, message).await?;
    if has(&reactions, user, emoji) {
        return Ok((reactions, None));
    }
    let is_full = reactions.len() >= usize::try_from(REACTIONS_PER_MESSAGE).unwrap_or(usize::MAX);
    if is_full && !reactions.contains_key(emoji) {
        return Err(Refusal::TooManyReactions { most: REACTIONS_PER_MESSAGE }.into());
    }
    let event = TimelineEvent::ReactionAdded { message_id: message, user_id: user, emoji: emoji.to_owned() };
    let (frame, _) = timeline::append(store, &mut transaction, tenant, &located.conversation, event, now).await?;
    let insert = sql!("INSERT INTO reactions (tenant, message_id, emoji, user_id, seq) VALUES ($1, $2, $3, $4, $5)");
    transaction.run(insert.bind(tenant).bind(message).bind(emoji).bind(user).bind(frame.seq)).await?;
    transaction.commit().await?;
    reactions.entry(emoji.to_owned()).or_default().push(user);
    Ok((reactions, Some(Committed::of(frame))))
}

/// Takes a reaction back. Returns what is left; no event when there was no such reaction.
pub async fn remove(
    store: &Store,
    tenant: &TenantId,
    user: UserId,
    message: MessageId,
    emoji: &str,
    now: Timestamp,
) -> Result<(Reactions, Option<Committed>), WriteError> {
    let mut transaction = store.begin().await?;
    let located = locate(&mut transaction, tenant, user, message).await?;
    let mut reactions = of_message(&mut transaction, tenant, message).await?;
    if !has(&reactions, user, emoji) {
        return Ok((reactions, None));
    }
    let delete = sql!("DELETE FROM reactions WHERE tenant = $1 AND message_id = $2 AND emoji = $3 AND user_id = $4");
    transaction.run(delete.bind(tenant).bind(message).bind(emoji).bind(user)).await?;
    let event = TimelineEvent::ReactionRemoved { message_id: message, user_id: user, emoji: emoji.to_owned() };
    let (frame, _) = timeline::append(store, &mut transaction, tenant, &located.conversation, event, now).await?;
    transaction.commit().await?;
    if let Some(users) = reactions.get_mut(emoji) {
        users.retain(|other| *other != user);
    }
    reactions.retain(|_, users| !users.is_empty());
    Ok((reactions, Some(Committed::of(frame))))
}

/// The reactions of several messages.
pub(crate) async fn of_messages(
    connection: &mut Connection,
    tenant: &TenantId,
    messages: &[MessageId],
) -> Result<HashMap<MessageId, Reactions>, StoreError> {
    let query = sql!(
        "SELECT r.message_id, r.emoji, r.user_id FROM " rows
        "CROSS JOIN reactions r WHERE r.tenant = $2 AND r.message_id = j.value->>0 ORDER BY r.seq"
    );
    let rows: Vec<(Text<MessageId>, String, Text<UserId>)> =
        connection.all(query.bind(Rows::single(messages)).bind(tenant)).await?;
    let mut reactions: HashMap<MessageId, Reactions> = HashMap::new();
    for (message, emoji, user) in rows {
        reactions.entry(message.0).or_default().entry(emoji).or_default().push(user.0);
    }
    Ok(reactions)
}

async fn of_message(
    connection: &mut Connection,
    tenant: &TenantId,
    message: MessageId,
) -> Result<Reactions, StoreError> {
    Ok(of_messages(connection, tenant, &[message]).await?.remove(&message).unwrap_or_default())
}

fn has(reactions: &Reactions, user: UserId, emoji: &str) -> bool {
    reactions.get(emoji).is_some_and(|users| users.contains(&user))
}
