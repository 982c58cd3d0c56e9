//! Reading memberships.

use confab_contract::rest::conversations::Participant;
use confab_contract::rest::members::{Member, Role};
use confab_contract::{ConversationId, TenantId, UserId};

use super::Membership;
use crate::engine::{Connection, Millis, Seq, Text};
use crate::{Store, StoreError};

#[derive(sqlx::FromRow)]
struct MemberRow {
    user_id: Text<UserId>,
    username: String,
    full_name: Option<String>,
    avatar_url: Option<String>,
    role: Text<Role>,
    joined_at: Millis,
    delivered_seq: Seq,
    read_seq: Seq,
}

/// The active members, in the order of joining, and how many there are; `None` for a reader who is none of them.
pub async fn list(
    store: &Store,
    tenant: &TenantId,
    reader: UserId,
    conversation: ConversationId,
    limit: u32,
    offset: u32,
) -> Result<Option<(Vec<Member>, u64)>, StoreError> {
    let mut connection = store.read().await?;
    if membership(&mut connection, tenant, reader, conversation).await?.is_none() {
        return Ok(None);
    }
    let page = sql!(
        "SELECT m.user_id, u.username, u.full_name, u.avatar_url, m.role, m.joined_at, m.delivered_seq, m.read_seq
         FROM members m JOIN users u ON u.tenant = m.tenant AND u.id = m.user_id
         WHERE m.tenant = $1 AND m.conversation_id = $2 AND m.left_seq IS NULL
         ORDER BY m.join_order LIMIT $3 OFFSET $4"
    );
    let page = page.bind(tenant).bind(conversation).bind(limit).bind(offset);
    let rows: Vec<MemberRow> = connection.all(page).await?;
    let total = sql!("SELECT COUNT(*) FROM members WHERE tenant = $1 AND conversation_id = $2 AND left_seq IS NULL");
    let (total,): (Seq,) = connection.one(total.bind(tenant).bind(conversation)).await?;
    Ok(Some((rows.into_iter().map(Member::from).collect(), total.0)))
}

/// All active memberships of a person.
pub async fn of_user(store: &Store, tenant: &TenantId, user: UserId) -> Result<Vec<Membership>, StoreError> {
    let query = sql!(
        "SELECT m.conversation_id, m.visible_from, c.last_seq
         FROM members m JOIN conversations c ON c.tenant = m.tenant AND c.id = m.conversation_id
         WHERE m.tenant = $1 AND m.user_id = $2 AND m.left_seq IS NULL
         ORDER BY m.conversation_id"
    );
    let rows: Vec<MembershipRow> = store.read().await?.all(query.bind(tenant).bind(user)).await?;
    Ok(rows.into_iter().map(Membership::from).collect())
}

/// One active membership.
pub async fn get(
    store: &Store,
    tenant: &TenantId,
    user: UserId,
    conversation: ConversationId,
) -> Result<Option<Membership>, StoreError> {
    membership(&mut store.read().await?, tenant, user, conversation).await
}

pub(crate) async fn membership(
    connection: &mut Connection,
    tenant: &TenantId,
    user: UserId,
    conversation: ConversationId,
) -> Result<Option<Membership>, StoreError> {
    let query = sql!(
        "SELECT m.conversation_id, m.visible_from, c.last_seq
         FROM members m JOIN conversations c ON c.tenant = m.tenant AND c.id = m.conversation_id
         WHERE m.tenant = $1 AND m.conversation_id = $2 AND m.user_id = $3 AND m.left_seq IS NULL"
    );
    let row: Option<MembershipRow> = connection.optional(query.bind(tenant).bind(conversation).bind(user)).await?;
    Ok(row.map(Membership::from))
}

#[derive(sqlx::FromRow)]
struct MembershipRow {
    conversation_id: Text<ConversationId>,
    visible_from: Seq,
    last_seq: Seq,
}

impl From<MembershipRow> for Membership {
    fn from(row: MembershipRow) -> Self {
        Self { conversation: row.conversation_id.0, visible_from: row.visible_from.0, last_seq: row.last_seq.0 }
    }
}

impl From<MemberRow> for Member {
    fn from(row: MemberRow) -> Self {
        Self {
            participant: Participant {
                user_id: row.user_id.0,
                username: row.username,
                full_name: row.full_name,
                avatar_url: row.avatar_url,
                role: row.role.0,
            },
            joined_at: row.joined_at.0,
            delivered_seq: row.delivered_seq.0,
            read_seq: row.read_seq.0,
        }
    }
}
