//! Memberships that ended after a position.

use confab_contract::{ConversationId, TenantId, UserId};

use super::{Mark, Position, lanes};
use crate::engine::Text;
use crate::{Store, StoreError};

#[derive(sqlx::FromRow)]
struct EndedRow {
    conversation_id: Text<ConversationId>,
    membership_mark: i64,
}

/// The conversations that the person has left, or was removed from, after the position.
pub async fn ended_since(
    store: &Store,
    tenant: &TenantId,
    user: UserId,
    position: &Position,
) -> Result<Vec<ConversationId>, StoreError> {
    let mut connection = store.read().await?;
    let visible = lanes::read(&mut connection, tenant).await?;
    let position = position.within(&visible);
    let query = sql!(
        "SELECT conversation_id, membership_mark FROM members
         WHERE tenant = $1 AND user_id = $2 AND left_seq IS NOT NULL"
    );
    let rows: Vec<EndedRow> = connection.all(query.bind(tenant).bind(user)).await?;
    let unseen = rows.into_iter().filter(|row| !position.has_seen(Mark::from_column(row.membership_mark)));
    Ok(unseen.map(|row| row.conversation_id.0).collect())
}
