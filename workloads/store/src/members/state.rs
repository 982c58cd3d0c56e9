//! Rows of members inside a transaction.

use confab_contract::rest::members::Role;
use confab_contract::{ConversationId, TenantId, Timestamp, UserId};

use crate::StoreError;
use crate::changes::Mark;
use crate::engine::{Connection, Rows, Seq, Text};

/// A member's row that this transaction holds.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct MemberState {
    user_id: Text<UserId>,
    role: Text<Role>,
    left_seq: Option<i64>,
    visible_from: Seq,
    read_seq: Seq,
}

impl MemberState {
    pub(crate) const fn user(&self) -> UserId {
        self.user_id.0
    }

    pub(crate) const fn role(&self) -> Role {
        self.role.0
    }

    pub(crate) const fn is_active(&self) -> bool {
        self.left_seq.is_none()
    }

    pub(crate) const fn visible_from(&self) -> u64 {
        self.visible_from.0
    }

    pub(crate) const fn read_seq(&self) -> u64 {
        self.read_seq.0
    }
}

/// Takes the rows of these people, tombstones too, in the order of their ids. After the conversation's row and before
/// the lane.
pub(crate) async fn lock(
    connection: &mut Connection,
    tenant: &TenantId,
    conversation: ConversationId,
    users: &[UserId],
) -> Result<Vec<MemberState>, StoreError> {
    let query = sql!(
        "SELECT m.user_id, m.role, m.left_seq, m.visible_from, m.read_seq FROM " rows
        "CROSS JOIN members m
         WHERE m.tenant = $2 AND m.conversation_id = $3 AND m.user_id = j.value->>0
         ORDER BY m.user_id" locking "m"
    );
    connection.all(query.bind(Rows::single(users)).bind(tenant).bind(conversation)).await
}

/// The row of one person, without a lock.
pub(crate) async fn find(
    connection: &mut Connection,
    tenant: &TenantId,
    conversation: ConversationId,
    user: UserId,
) -> Result<Option<MemberState>, StoreError> {
    let query = sql!(
        "SELECT user_id, role, left_seq, visible_from, read_seq FROM members
         WHERE tenant = $1 AND conversation_id = $2 AND user_id = $3"
    );
    connection.optional(query.bind(tenant).bind(conversation).bind(user)).await
}

/// Somebody who joins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewMember {
    pub(crate) user: UserId,
    pub(crate) role: Role,
}

/// Makes these people members from `seq` on, in this order; those who were members once come back. Watermarks never go
/// back, so a former member keeps theirs.
pub(crate) async fn insert(
    connection: &mut Connection,
    tenant: &TenantId,
    conversation: ConversationId,
    members: &[NewMember],
    (seq, mark): (u64, Mark),
    now: Timestamp,
) -> Result<(), StoreError> {
    let query = sql!(
        "INSERT INTO members (tenant, conversation_id, user_id, role, joined_at, join_order, visible_from, left_seq,
             delivered_seq, read_seq, read_at, pinned, muted, muted_until, change_mark, membership_mark)
         SELECT $2, $3, j.value->>0, j.value->>1, $4, CAST(j.value->>2 AS BIGINT), $5, NULL,
             0, 0, NULL, false, false, NULL, $6, $6
         FROM " rows "WHERE true
         ON CONFLICT (tenant, conversation_id, user_id) DO UPDATE SET
             role = excluded.role, joined_at = excluded.joined_at, join_order = excluded.join_order,
             visible_from = excluded.visible_from, left_seq = NULL, pinned = false, muted = false, muted_until = NULL,
             change_mark = excluded.change_mark, membership_mark = excluded.membership_mark"
    );
    let rows: Vec<_> = members
        .iter()
        .zip(join_orders(seq))
        .map(|(member, order)| (member.user, member.role.as_str(), order))
        .collect();
    let query = query.bind(Rows::of(&rows)).bind(tenant).bind(conversation).bind(now).bind(seq);
    connection.run(query.bind(mark.to_column())).await?;
    Ok(())
}

/// Numbers that order those who join with the same event behind all who joined before.
fn join_orders(seq: u64) -> impl Iterator<Item = u64> {
    (seq << 16)..
}
