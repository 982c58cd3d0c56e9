//! The tail of a tenant: which conversations got events, and who joined or left.

use std::collections::HashMap;

use confab_contract::{ConversationId, TenantId, UserId};

use super::{LANES, Lane, Mark, Position, lanes};
use crate::engine::{Query, Seq, Text};
use crate::{Store, StoreError};

/// What changed in a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Covers what came back. With `has_more` it is a point in the middle of the answer: go on from it.
    pub position: Position,
    /// Conversations with new events, and the `seq` of the newest.
    pub conversations: Vec<(ConversationId, u64)>,
    /// Who joined or left, as it is now.
    pub members: Vec<MemberChange>,
    /// Whether more changes wait.
    pub has_more: bool,
}

/// Somebody joined or left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberChange {
    /// Where.
    pub conversation: ConversationId,
    /// Who.
    pub user: UserId,
    /// Whether they are an active member now.
    pub is_member: bool,
    /// The first `seq` that they see.
    pub visible_from: u64,
}

#[derive(sqlx::FromRow)]
struct ConversationRow {
    id: Text<ConversationId>,
    last_seq: Seq,
    change_mark: i64,
}

#[derive(sqlx::FromRow)]
struct MemberRow {
    conversation_id: Text<ConversationId>,
    user_id: Text<UserId>,
    is_member: bool,
    visible_from: Seq,
    membership_mark: i64,
}

/// The present position.
pub async fn position(store: &Store, tenant: &TenantId) -> Result<Position, StoreError> {
    Ok(Position::complete(lanes::read(&mut store.read().await?, tenant).await?))
}

/// The present positions of several tenants. Of those in which nothing has ever changed there is none.
pub async fn positions(store: &Store, tenants: &[&TenantId]) -> Result<HashMap<TenantId, Position>, StoreError> {
    let lanes = lanes::read_of(&mut store.read().await?, tenants).await?;
    Ok(lanes.into_iter().map(|(tenant, lanes)| (tenant, Position::complete(lanes))).collect())
}

/// What changed after a position, in all conversations of the tenant: about `limit` of each kind per lane (what one
/// transaction changed is never torn apart).
pub async fn since(store: &Store, tenant: &TenantId, position: &Position, limit: u32) -> Result<Changes, StoreError> {
    let mut connection = store.read().await?;
    let visible = lanes::read(&mut connection, tenant).await?;
    let position = position.within(&visible);
    let limit = limit.max(1);
    let mut changes = Changes {
        position: Position::complete(visible),
        conversations: Vec::new(),
        members: Vec::new(),
        has_more: false,
    };
    for lane in (0..LANES).filter(|lane| position.frontier()[*lane] < visible[*lane]) {
        let range = |query: Query| {
            let after = Mark::new(Lane::of_index(lane), position.frontier()[lane]);
            let end = Mark::last(Lane::of_index(lane));
            query.bind(tenant).bind(after.to_column()).bind(end.to_column()).bind(limit - 1)
        };
        let conversations: Vec<ConversationRow> = connection.all(range(conversations_in())).await?;
        let members: Vec<MemberRow> = connection.all(range(members_in())).await?;
        let ends = [
            cut(limit, conversations.len(), conversations.last().map(|row| row.change_mark)),
            cut(limit, members.len(), members.last().map(|row| row.membership_mark)),
        ];
        changes.conversations.extend(conversations.into_iter().map(|row| (row.id.0, row.last_seq.0)));
        changes.members.extend(members.into_iter().map(MemberChange::from));
        // Where one of the two was cut, the other may hold later rows: harmless, they come once more.
        if let Some(last) = ends.into_iter().flatten().min() {
            changes.has_more = true;
            changes.position = position.scanned_up_to(last, &visible);
            break;
        }
    }
    Ok(changes)
}

/// A full answer may have been cut: then the last mark of it. One transaction gives one mark to all that it changes;
/// the statements below cut between marks, not within.
fn cut(limit: u32, rows: usize, last: Option<i64>) -> Option<Mark> {
    last.filter(|_| u64::try_from(rows).is_ok_and(|rows| rows >= u64::from(limit))).map(Mark::from_column)
}

fn conversations_in() -> Query {
    // No upper bound but the lane's end: a busy conversation is always ahead of the position that was read.
    sql!(
        "SELECT id, last_seq, change_mark FROM conversations
         WHERE tenant = $1 AND change_mark > $2 AND change_mark <= COALESCE(
             (SELECT cut.change_mark FROM conversations cut
              WHERE cut.tenant = $1 AND cut.change_mark > $2 AND cut.change_mark <= $3
              ORDER BY cut.change_mark LIMIT 1 OFFSET $4), $3)
         ORDER BY change_mark"
    )
}

fn members_in() -> Query {
    sql!(
        "SELECT conversation_id, user_id, left_seq IS NULL AS is_member, visible_from, membership_mark FROM members
         WHERE tenant = $1 AND membership_mark > $2 AND membership_mark <= COALESCE(
             (SELECT cut.membership_mark FROM members cut
              WHERE cut.tenant = $1 AND cut.membership_mark > $2 AND cut.membership_mark <= $3
              ORDER BY cut.membership_mark LIMIT 1 OFFSET $4), $3)
         ORDER BY membership_mark"
    )
}

impl From<MemberRow> for MemberChange {
    fn from(row: MemberRow) -> Self {
        Self {
            conversation: row.conversation_id.0,
            user: row.user_id.0,
            is_member: row.is_member,
            visible_from: row.visible_from.0,
        }
    }
}
