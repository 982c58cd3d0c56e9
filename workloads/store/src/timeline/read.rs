//! Reading a timeline.

use std::collections::HashMap;

use confab_contract::rest::messages::EventPage;
use confab_contract::timeline::TimelineFrame;
use confab_contract::{ConversationId, TenantId, UserId};

use super::frame::{EventRow, MessageRow};
use crate::engine::{Connection, Rows, Seq};
use crate::{Store, StoreError, members};

/// Part of a timeline: `after < seq <= up_to`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    pub(crate) conversation: ConversationId,
    pub(crate) after: u64,
    pub(crate) up_to: u64,
}

/// A page of the timeline for an active member, from what they may see on; `None` for anybody else.
pub async fn page(
    store: &Store,
    tenant: &TenantId,
    reader: UserId,
    conversation: ConversationId,
    after: u64,
    limit: u32,
) -> Result<Option<EventPage>, StoreError> {
    let mut connection = store.read().await?;
    let Some(membership) = members::membership(&mut connection, tenant, reader, conversation).await? else {
        return Ok(None);
    };
    let after = after.max(membership.visible_from.saturating_sub(1));
    // No farther than when membership was looked at: who is removed meanwhile must not see what comes next.
    let range = Range { conversation, after, up_to: membership.last_seq };
    let mut events = read_range(&mut connection, tenant, range, limit.saturating_add(1)).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = events.len() > limit;
    events.truncate(limit);
    let next_after = events.last().map_or(after, |last| last.seq);
    Ok(Some(EventPage { events, has_more, next_after }))
}

/// The events with `after < seq <= up_to`, at most `limit` of them, for a caller that has checked membership.
pub async fn read(
    store: &Store,
    tenant: &TenantId,
    conversation: ConversationId,
    after: u64,
    up_to: u64,
    limit: u32,
) -> Result<Vec<TimelineFrame>, StoreError> {
    read_range(&mut store.read().await?, tenant, Range { conversation, after, up_to }, limit).await
}

/// The `seq` of the newest event.
pub async fn last_seq(
    store: &Store,
    tenant: &TenantId,
    conversation: ConversationId,
) -> Result<Option<u64>, StoreError> {
    let query = sql!("SELECT last_seq FROM conversations WHERE tenant = $1 AND id = $2");
    let row: Option<(Seq,)> = store.read().await?.optional(query.bind(tenant).bind(conversation)).await?;
    Ok(row.map(|(seq,)| seq.0))
}

/// Both tables are read by themselves, and at different moments. Nothing is torn by that: the sequence is dense, so
/// whatever follows a gap was committed between the two and is left for the next read.
async fn read_range(
    connection: &mut Connection,
    tenant: &TenantId,
    range: Range,
    limit: u32,
) -> Result<Vec<TimelineFrame>, StoreError> {
    let messages = sql!(
        "SELECT conversation_id, seq, id, sender_id, deleted_at, message_type, version, created_at, updated_at,
                reply_to, temp_id, metadata, content
         FROM messages WHERE tenant = $1 AND conversation_id = $2 AND seq > $3 AND seq <= $4 ORDER BY seq LIMIT $5"
    );
    let events = sql!(
        "SELECT e.conversation_id, e.seq, e.body, e.created_at, m.content
         FROM events e LEFT JOIN messages m ON m.tenant = e.tenant AND m.id = e.message_id
         WHERE e.tenant = $1 AND e.conversation_id = $2 AND e.seq > $3 AND e.seq <= $4 ORDER BY e.seq LIMIT $5"
    );
    let bound = [messages, events]
        .map(|query| query.bind(tenant).bind(range.conversation).bind(range.after).bind(range.up_to).bind(limit));
    let [messages, events] = bound;
    let messages: Vec<MessageRow> = connection.all(messages).await?;
    let events: Vec<EventRow> = connection.all(events).await?;
    let mut frames = merge(messages, events)?;
    frames.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    truncate_at_gap(&mut frames, range.after);
    Ok(frames)
}

/// Parts of several timelines at once.
pub(crate) async fn read_ranges(
    connection: &mut Connection,
    tenant: &TenantId,
    ranges: Vec<Range>,
) -> Result<HashMap<ConversationId, Vec<TimelineFrame>>, StoreError> {
    let ranges: Vec<_> = ranges
        .into_iter()
        .filter(|range| range.after < range.up_to)
        .map(|range| (range.conversation, range.after, range.up_to))
        .collect();
    if ranges.is_empty() {
        return Ok(HashMap::new());
    }
    let messages = sql!(
        "SELECT m.conversation_id, m.seq, m.id, m.sender_id, m.deleted_at, m.message_type, m.version, m.created_at,
                m.updated_at, m.reply_to, m.temp_id, m.metadata, m.content
         FROM " rows "CROSS JOIN messages m
         WHERE m.tenant = $2 AND m.conversation_id = j.value->>0
           AND m.seq > CAST(j.value->>1 AS BIGINT) AND m.seq <= CAST(j.value->>2 AS BIGINT)"
    );
    let events = sql!(
        "SELECT e.conversation_id, e.seq, e.body, e.created_at, m.content
         FROM " rows "CROSS JOIN events e LEFT JOIN messages m ON m.tenant = e.tenant AND m.id = e.message_id
         WHERE e.tenant = $2 AND e.conversation_id = j.value->>0
           AND e.seq > CAST(j.value->>1 AS BIGINT) AND e.seq <= CAST(j.value->>2 AS BIGINT)"
    );
    let messages: Vec<MessageRow> = connection.all(messages.bind(Rows::of(&ranges)).bind(tenant)).await?;
    let events: Vec<EventRow> = connection.all(events.bind(Rows::of(&ranges)).bind(tenant)).await?;
    let mut by_conversation: HashMap<ConversationId, Vec<TimelineFrame>> = HashMap::new();
    for frame in merge(messages, events)? {
        by_conversation.entry(frame.conversation_id).or_default().push(frame);
    }
    Ok(by_conversation)
}

fn merge(messages: Vec<MessageRow>, events: Vec<EventRow>) -> Result<Vec<TimelineFrame>, StoreError> {
    let messages = messages.into_iter().map(MessageRow::into_frame);
    let events = events.into_iter().map(EventRow::into_frame);
    let mut frames = messages.chain(events).collect::<Result<Vec<_>, _>>()?;
    frames.sort_unstable_by_key(|frame| frame.seq);
    Ok(frames)
}

fn truncate_at_gap(frames: &mut Vec<TimelineFrame>, after: u64) {
    let dense = frames.iter().zip(after.saturating_add(1)..).take_while(|(frame, seq)| frame.seq == *seq).count();
    frames.truncate(dense);
}
