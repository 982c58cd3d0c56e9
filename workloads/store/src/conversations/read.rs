//! Reading conversations for one reader: a few set-based statements for any number of them.

use std::collections::HashMap;

use confab_contract::{ConversationId, TenantId, Timestamp, UserId, limit};

use super::view::{self, BaseRow, Counts};
use super::{ConversationRow, LastMessageRow};
use crate::engine::{Connection, Rows, Seq, Text};
use crate::{Store, StoreError};

/// Members that a list shows of each conversation, besides the reader.
const LISTED_PARTICIPANTS: u64 = 20;
/// Of a conversation's messages so many are looked at, from the newest back, to count unread ones: somebody who never
/// marks anything as read must not make each list read all history.
const UNREAD_LOOKED_AT: u32 = 10_000;

/// One conversation with all participants; `None` for a reader who is no active member.
pub async fn get(
    store: &Store,
    tenant: &TenantId,
    reader: UserId,
    id: ConversationId,
    now: Timestamp,
) -> Result<Option<ConversationRow>, StoreError> {
    let mut connection = store.read().await?;
    let base = by_ids(&mut connection, tenant, reader, &[id]).await?;
    Ok(assemble(&mut connection, tenant, reader, base, u64::from(u32::MAX), now).await?.pop())
}

/// The reader's conversations: pinned ones first, then by the newest event; and how many there are.
pub async fn list(
    store: &Store,
    tenant: &TenantId,
    reader: UserId,
    limit: u32,
    offset: u32,
    now: Timestamp,
) -> Result<(Vec<ConversationRow>, u64), StoreError> {
    let mut connection = store.read().await?;
    let page = sql!(
        "SELECT c.id, c.kind, c.name, c.avatar_url, c.last_seq, c.created_at, c.updated_at,
                m.role, m.pinned, m.muted, m.muted_until, m.visible_from, m.read_seq
         FROM members m JOIN conversations c ON c.tenant = m.tenant AND c.id = m.conversation_id
         WHERE m.tenant = $1 AND m.user_id = $2 AND m.left_seq IS NULL
         ORDER BY m.pinned DESC, c.updated_at DESC, c.id DESC LIMIT $3 OFFSET $4"
    );
    let page = page.bind(tenant).bind(reader).bind(limit).bind(offset);
    let base: Vec<BaseRow> = connection.all(page).await?;
    let total = sql!("SELECT COUNT(*) FROM members WHERE tenant = $1 AND user_id = $2 AND left_seq IS NULL");
    let (total,): (Seq,) = connection.one(total.bind(tenant).bind(reader)).await?;
    let rows = assemble(&mut connection, tenant, reader, base, LISTED_PARTICIPANTS, now).await?;
    Ok((rows, total.0))
}

/// Those of the conversations of which the reader is an active member, in the order given.
pub(crate) async fn of_reader(
    connection: &mut Connection,
    tenant: &TenantId,
    reader: UserId,
    ids: &[ConversationId],
    now: Timestamp,
) -> Result<Vec<ConversationRow>, StoreError> {
    let mut base = by_ids(connection, tenant, reader, ids).await?;
    let places: HashMap<ConversationId, usize> = ids.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    base.sort_by_key(|row| places.get(&row.id.0));
    assemble(connection, tenant, reader, base, LISTED_PARTICIPANTS, now).await
}

async fn by_ids(
    connection: &mut Connection,
    tenant: &TenantId,
    reader: UserId,
    ids: &[ConversationId],
) -> Result<Vec<BaseRow>, StoreError> {
    let query = sql!(
        "SELECT c.id, c.kind, c.name, c.avatar_url, c.last_seq, c.created_at, c.updated_at,
                m.role, m.pinned, m.muted, m.muted_until, m.visible_from, m.read_seq
         FROM " rows "CROSS JOIN members m JOIN conversations c ON c.tenant = m.tenant AND c.id = m.conversation_id
         WHERE m.tenant = $2 AND m.user_id = $3 AND m.left_seq IS NULL AND m.conversation_id = j.value->>0"
    );
    connection.all(query.bind(Rows::single(ids)).bind(tenant).bind(reader)).await
}

async fn assemble(
    connection: &mut Connection,
    tenant: &TenantId,
    reader: UserId,
    base: Vec<BaseRow>,
    participants: u64,
    now: Timestamp,
) -> Result<Vec<ConversationRow>, StoreError> {
    if base.is_empty() {
        return Ok(Vec::new());
    }
    let mut counts = counts(connection, tenant, reader, &base).await?;
    let mut last_messages = last_messages(connection, tenant, &counts).await?;
    let ids: Vec<ConversationId> = base.iter().map(|row| row.id.0).collect();
    let mut people = view::people(connection, tenant, reader, &ids, participants).await?;
    let rows = base.into_iter().map(|row| {
        let id = row.id.0;
        let counts = counts.remove(&id).unwrap_or_default();
        row.into_view(counts, last_messages.remove(&id), people.remove(&id).unwrap_or_default(), now)
    });
    Ok(rows.collect())
}

/// Unread messages, as far as they are counted, and where the newest visible message is.
async fn counts(
    connection: &mut Connection,
    tenant: &TenantId,
    reader: UserId,
    base: &[BaseRow],
) -> Result<HashMap<ConversationId, Counts>, StoreError> {
    let query = sql!(
        "SELECT j.value->>0 AS id,
             (SELECT COUNT(*) FROM (
                 SELECT 1 FROM (
                     SELECT m.seq, m.sender_id, m.deleted_at FROM messages m
                     WHERE m.tenant = $2 AND m.conversation_id = j.value->>0 AND m.seq > CAST(j.value->>1 AS BIGINT)
                     ORDER BY m.seq DESC LIMIT $4) recent
                 WHERE recent.sender_id <> $3 AND recent.deleted_at IS NULL
                   AND NOT EXISTS (SELECT 1 FROM hidden_messages h WHERE h.tenant = $2 AND h.user_id = $3
                       AND h.conversation_id = j.value->>0 AND h.seq = recent.seq)
                 LIMIT $5) counted
             ) AS unread,
             (SELECT m.seq FROM messages m
              WHERE m.tenant = $2 AND m.conversation_id = j.value->>0 AND m.seq >= CAST(j.value->>2 AS BIGINT)
                AND NOT EXISTS (SELECT 1 FROM hidden_messages h
                    WHERE h.tenant = $2 AND h.user_id = $3 AND h.conversation_id = j.value->>0 AND h.seq = m.seq)
              ORDER BY m.seq DESC LIMIT 1
             ) AS last_message_seq
         FROM " rows
    );
    let ranges: Vec<_> = base.iter().map(|row| (row.id.0, row.unread_after(), row.visible_from.0)).collect();
    let query = query.bind(Rows::of(&ranges)).bind(tenant).bind(reader);
    let rows: Vec<(Text<ConversationId>, Seq, Option<Seq>)> =
        connection.all(query.bind(UNREAD_LOOKED_AT).bind(limit::UNREAD_COUNT_MAX)).await?;
    let counts = rows
        .into_iter()
        .map(|(id, unread, last)| (id.0, Counts { unread: unread.0, last_message_seq: last.map(|seq| seq.0) }));
    Ok(counts.collect())
}

async fn last_messages(
    connection: &mut Connection,
    tenant: &TenantId,
    counts: &HashMap<ConversationId, Counts>,
) -> Result<HashMap<ConversationId, LastMessageRow>, StoreError> {
    let places: Vec<_> = counts.iter().filter_map(|(id, counts)| Some((*id, counts.last_message_seq?))).collect();
    if places.is_empty() {
        return Ok(HashMap::new());
    }
    let query = sql!(
        "SELECT m.conversation_id, m.id, m.sender_id, m.seq, m.content, m.message_type, m.created_at
         FROM " rows "CROSS JOIN messages m
         WHERE m.tenant = $2 AND m.conversation_id = j.value->>0 AND m.seq = CAST(j.value->>1 AS BIGINT)"
    );
    let rows: Vec<view::LastMessage> = connection.all(query.bind(Rows::of(&places)).bind(tenant)).await?;
    Ok(rows.into_iter().map(view::LastMessage::into_view).collect())
}
