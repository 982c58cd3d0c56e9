//! Watermarks: how far each member's devices and eyes got. They never go back, and are no events.

use std::collections::BTreeMap;

use confab_contract::bus::ReceiptKind;
use confab_contract::{ConversationId, MessageId, TenantId, Timestamp, UserId};

use crate::changes;
use crate::engine::{Connection, Millis, Rows, Seq, Text};
use crate::{Refusal, Store, StoreError, WriteError, members};

/// A watermark that moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advanced {
    /// In which tenant.
    pub tenant: TenantId,
    /// Where.
    pub conversation: ConversationId,
    /// Whose.
    pub user: UserId,
    /// Which watermark.
    pub kind: ReceiptKind,
    /// Where it stands now.
    pub seq: u64,
    /// With `Read`: the newest message that was read.
    pub message_id: Option<MessageId>,
    /// When it moved.
    pub at: Timestamp,
}

/// A device has everything up to `seq`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// In which tenant.
    pub tenant: TenantId,
    /// Where.
    pub conversation: ConversationId,
    /// Whose device.
    pub user: UserId,
    /// Up to where.
    pub seq: u64,
}

/// Where a member stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watermark {
    /// Who.
    pub user: UserId,
    /// A device has everything up to here.
    pub delivered_seq: u64,
    /// The person has read up to here.
    pub read_seq: u64,
    /// When `read_seq` last moved.
    pub read_at: Option<Timestamp>,
    /// The message at `read_seq`.
    pub read_message_id: Option<MessageId>,
}

/// Moves `read_seq` to a message, and `delivered_seq` at least as far. `None`: it was there already.
pub async fn mark_read(
    store: &Store,
    tenant: &TenantId,
    user: UserId,
    conversation: ConversationId,
    message: MessageId,
    now: Timestamp,
) -> Result<Option<Advanced>, WriteError> {
    let mut transaction = store.begin().await?;
    let rows = members::lock(&mut transaction, tenant, conversation, &[user]).await?;
    let own = rows.into_iter().find(members::MemberState::is_active).ok_or(Refusal::ConversationNotFound)?;
    let place = sql!("SELECT seq FROM messages WHERE tenant = $1 AND id = $2 AND conversation_id = $3 AND seq >= $4");
    let place = place.bind(tenant).bind(message).bind(conversation).bind(own.visible_from());
    let row: Option<(Seq,)> = transaction.optional(place).await?;
    let (seq,) = row.ok_or(Refusal::MessageNotFound)?;
    if seq.0 <= own.read_seq() {
        return Ok(None);
    }
    let mark = changes::bump(&mut transaction, tenant, store.lanes().next()).await?;
    let advance = sql!(
        "UPDATE members SET read_seq = $4, read_at = $5, change_mark = $6,
             delivered_seq = " greatest "(delivered_seq, $4)
         WHERE tenant = $1 AND conversation_id = $2 AND user_id = $3"
    );
    let advance = advance.bind(tenant).bind(conversation).bind(user).bind(seq.0).bind(now);
    transaction.run(advance.bind(mark.to_column())).await?;
    transaction.commit().await?;
    Ok(Some(Advanced {
        tenant: tenant.clone(),
        conversation,
        user,
        kind: ReceiptKind::Read,
        seq: seq.0,
        message_id: Some(message),
        at: now,
    }))
}

/// Moves `delivered_seq` of many members at once. What lies beyond the newest event counts up to it; people who are no
/// active members are passed over. Returns only what moved.
pub async fn acknowledge(store: &Store, acks: Vec<Ack>, now: Timestamp) -> Result<Vec<Advanced>, StoreError> {
    let rows = farthest(acks);
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut transaction = store.begin().await?;
    let moving = lock_moving(&mut transaction, &rows).await?;
    if moving.is_empty() {
        return Ok(Vec::new());
    }
    let advance = sql!(
        "UPDATE members SET delivered_seq = CAST(j.value->>3 AS BIGINT) FROM " rows
        "WHERE members.tenant = j.value->>0 AND members.conversation_id = j.value->>1 AND members.user_id = j.value->>2"
    );
    transaction.run(advance.bind(Rows::of(&moving))).await?;
    transaction.commit().await?;
    let advanced = moving.into_iter().map(|(tenant, conversation, user, seq)| Advanced {
        tenant,
        conversation,
        user,
        kind: ReceiptKind::Delivered,
        seq,
        message_id: None,
        at: now,
    });
    Ok(advanced.collect())
}

/// Where the active members of these conversations stand.
pub async fn watermarks(
    store: &Store,
    tenant: &TenantId,
    conversations: &[ConversationId],
) -> Result<Vec<(ConversationId, Watermark)>, StoreError> {
    let query = sql!(
        "SELECT m.conversation_id, m.user_id, m.delivered_seq, m.read_seq, m.read_at, r.id AS read_message_id
         FROM " rows "CROSS JOIN members m
         LEFT JOIN messages r ON r.tenant = m.tenant AND r.conversation_id = m.conversation_id AND r.seq = m.read_seq
         WHERE m.tenant = $2 AND m.conversation_id = j.value->>0 AND m.left_seq IS NULL
         ORDER BY m.conversation_id, m.join_order"
    );
    let rows: Vec<WatermarkRow> = store.read().await?.all(query.bind(Rows::single(conversations)).bind(tenant)).await?;
    let watermarks = rows.into_iter().map(|row| {
        let read_at = row.read_at.map(|at| at.0);
        let (delivered_seq, read_seq) = (row.delivered_seq.0, row.read_seq.0);
        let read_message_id = row.read_message_id.map(|id| id.0);
        (row.conversation_id.0, Watermark { user: row.user_id.0, delivered_seq, read_seq, read_at, read_message_id })
    });
    Ok(watermarks.collect())
}

#[derive(sqlx::FromRow)]
struct WatermarkRow {
    conversation_id: Text<ConversationId>,
    user_id: Text<UserId>,
    delivered_seq: Seq,
    read_seq: Seq,
    read_at: Option<Millis>,
    read_message_id: Option<Text<MessageId>>,
}

#[derive(sqlx::FromRow)]
struct MovingRow {
    tenant: Text<TenantId>,
    conversation_id: Text<ConversationId>,
    user_id: Text<UserId>,
    delivered_seq: Seq,
    last_seq: Seq,
    seq: Seq,
}

/// One row to write: tenant, conversation, user, `delivered_seq`.
type AckRow = (TenantId, ConversationId, UserId, u64);

/// The farthest of each member's acknowledgements, in the order in which rows are locked.
fn farthest(acks: Vec<Ack>) -> Vec<AckRow> {
    let mut farthest: BTreeMap<(TenantId, ConversationId, UserId), u64> = BTreeMap::new();
    for ack in acks {
        let seq = farthest.entry((ack.tenant, ack.conversation, ack.user)).or_default();
        // A larger number than a column holds means the same: everything.
        *seq = (*seq).max(ack.seq).min(i64::MAX.unsigned_abs());
    }
    farthest.into_iter().map(|((tenant, conversation, user), seq)| (tenant, conversation, user, seq)).collect()
}

/// Takes the rows that will move, with how far.
async fn lock_moving(transaction: &mut Connection, rows: &[AckRow]) -> Result<Vec<AckRow>, StoreError> {
    let query = sql!(
        "SELECT m.tenant, m.conversation_id, m.user_id, m.delivered_seq, c.last_seq, CAST(j.value->>3 AS BIGINT) AS seq
         FROM " rows "CROSS JOIN members m CROSS JOIN conversations c
         WHERE m.tenant = j.value->>0 AND m.conversation_id = j.value->>1 AND m.user_id = j.value->>2
           AND m.left_seq IS NULL AND c.tenant = m.tenant AND c.id = m.conversation_id
           AND m.delivered_seq < CAST(j.value->>3 AS BIGINT) AND m.delivered_seq < c.last_seq
         ORDER BY m.tenant, m.conversation_id, m.user_id" locking "m"
    );
    let found: Vec<MovingRow> = transaction.all(query.bind(Rows::of(rows))).await?;
    let moving = found.into_iter().filter_map(|row| {
        let seq = row.seq.0.min(row.last_seq.0);
        (seq > row.delivered_seq.0).then_some((row.tenant.0, row.conversation_id.0, row.user_id.0, seq))
    });
    Ok(moving.collect())
}
