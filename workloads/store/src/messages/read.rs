//! Reading messages.

use confab_contract::rest::messages::{Message, MessagePage, MessageVersion};
use confab_contract::{ConversationId, MessageId, TenantId, UserId};

use super::Cursor;
use super::view::assemble;
use crate::engine::{Connection, Millis, Query, Seq};
use crate::members::{self, Membership};
use crate::timeline::MessageRow;
use crate::{Refusal, Store, StoreError, WriteError};

/// One page: newest first, or oldest first with [`Cursor::After`].
pub async fn page(
    store: &Store,
    tenant: &TenantId,
    reader: UserId,
    conversation: ConversationId,
    cursor: Cursor,
    limit: u32,
) -> Result<MessagePage, WriteError> {
    let mut connection = store.read().await?;
    let membership = members::membership(&mut connection, tenant, reader, conversation).await?;
    let membership = membership.ok_or(Refusal::ConversationNotFound)?;
    let place = |id| place_of(tenant, &membership, id);
    // No farther than when membership was looked at: who is removed meanwhile must not see what comes next.
    let newest = membership.last_seq;
    let (query, first, last) = match cursor {
        Cursor::Newest => (newest_first(), membership.visible_from, newest),
        Cursor::Before(id) => {
            let seq = found(connection.optional(place(id)).await?)?;
            (newest_first(), membership.visible_from, seq.saturating_sub(1))
        }
        Cursor::After(id) => {
            let seq = found(connection.optional(place(id)).await?)?;
            (oldest_first(), seq + 1, newest)
        }
    };
    let query = query.bind(tenant).bind(conversation).bind(first).bind(last).bind(reader);
    let mut rows: Vec<MessageRow> = connection.all(query.bind(limit.saturating_add(1))).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| has_more).map(|row| row.id.0);
    let messages = assemble(&mut connection, tenant, rows).await?;
    Ok(MessagePage { messages, has_more, next_cursor })
}

/// One message that the reader can see and has not deleted for themselves.
pub async fn get(
    store: &Store,
    tenant: &TenantId,
    reader: UserId,
    id: MessageId,
) -> Result<Option<Message>, StoreError> {
    let mut connection = store.read().await?;
    let row = visible(&mut connection, tenant, reader, id).await?;
    Ok(assemble(&mut connection, tenant, row.into_iter().collect()).await?.pop())
}

/// A page of the contents of a message, the first first and the present one last, and how many there are; none when it
/// was deleted for everyone.
pub async fn versions(
    store: &Store,
    tenant: &TenantId,
    reader: UserId,
    id: MessageId,
    limit: u32,
    offset: u32,
) -> Result<Option<(Vec<MessageVersion>, u64)>, StoreError> {
    let mut connection = store.read().await?;
    let Some(row) = visible(&mut connection, tenant, reader, id).await? else { return Ok(None) };
    let Some(content) = row.content else { return Ok(Some((Vec::new(), 0))) };
    let total = row.version.unsigned_abs();
    let present = version(total, content, row.updated_at);
    // Versions are numbered without gaps, so the page is a range of them. An edit or deletion between the two statements
    // must not show twice, or half: only what came before the present one is read.
    let (after, up_to) = (u64::from(offset), u64::from(offset) + u64::from(limit));
    let query = sql!(
        "SELECT version, created_at, content FROM message_versions
         WHERE tenant = $1 AND message_id = $2 AND version > $3 AND version <= $4 AND version < $5 ORDER BY version"
    );
    let query = query.bind(tenant).bind(id).bind(after).bind(up_to).bind(row.version);
    let rows: Vec<(Seq, Millis, String)> = connection.all(query).await?;
    let former = rows.into_iter().map(|(number, created_at, content)| version(number.0, content, created_at));
    let last = Some(present).filter(|_| (after + 1..=up_to).contains(&total));
    Ok(Some((former.chain(last).collect(), total)))
}

fn version(number: u64, content_encrypted: String, created_at: Millis) -> MessageVersion {
    MessageVersion { version: u32::try_from(number).unwrap_or(u32::MAX), content_encrypted, created_at: created_at.0 }
}

async fn visible(
    connection: &mut Connection,
    tenant: &TenantId,
    reader: UserId,
    id: MessageId,
) -> Result<Option<MessageRow>, StoreError> {
    let query = sql!(
        "SELECT m.conversation_id, m.seq, m.id, m.sender_id, m.deleted_at, m.message_type, m.version, m.created_at,
                m.updated_at, m.reply_to, m.temp_id, m.metadata, m.content
         FROM messages m
         JOIN members r ON r.tenant = m.tenant AND r.conversation_id = m.conversation_id AND r.user_id = $3
         WHERE m.tenant = $1 AND m.id = $2 AND r.left_seq IS NULL AND m.seq >= r.visible_from
           AND NOT EXISTS (SELECT 1 FROM hidden_messages h
               WHERE h.tenant = $1 AND h.user_id = $3 AND h.conversation_id = m.conversation_id AND h.seq = m.seq)"
    );
    connection.optional(query.bind(tenant).bind(id).bind(reader)).await
}

/// A message as a cursor may be deleted or hidden, but must be one that the reader could once see here.
fn place_of(tenant: &TenantId, membership: &Membership, id: MessageId) -> Query {
    let query = sql!("SELECT seq FROM messages WHERE tenant = $1 AND id = $2 AND conversation_id = $3 AND seq >= $4");
    query.bind(tenant).bind(id).bind(membership.conversation).bind(membership.visible_from)
}

fn found(row: Option<(Seq,)>) -> Result<u64, Refusal> {
    row.map(|(seq,)| seq.0).ok_or(Refusal::MessageNotFound)
}

fn newest_first() -> Query {
    sql!(
        "SELECT m.conversation_id, m.seq, m.id, m.sender_id, m.deleted_at, m.message_type, m.version, m.created_at,
                m.updated_at, m.reply_to, m.temp_id, m.metadata, m.content
         FROM messages m
         WHERE m.tenant = $1 AND m.conversation_id = $2 AND m.seq >= $3 AND m.seq <= $4
           AND NOT EXISTS (SELECT 1 FROM hidden_messages h
               WHERE h.tenant = $1 AND h.user_id = $5 AND h.conversation_id = $2 AND h.seq = m.seq)
         ORDER BY m.seq DESC LIMIT $6"
    )
}

fn oldest_first() -> Query {
    sql!(
        "SELECT m.conversation_id, m.seq, m.id, m.sender_id, m.deleted_at, m.message_type, m.version, m.created_at,
                m.updated_at, m.reply_to, m.temp_id, m.metadata, m.content
         FROM messages m
         WHERE m.tenant = $1 AND m.conversation_id = $2 AND m.seq >= $3 AND m.seq <= $4
           AND NOT EXISTS (SELECT 1 FROM hidden_messages h
               WHERE h.tenant = $1 AND h.user_id = $5 AND h.conversation_id = $2 AND h.seq = m.seq)
         ORDER BY m.seq LIMIT $6"
    )
}
