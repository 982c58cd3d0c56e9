//! What a member sets for themselves: no events, but their other devices learn of it by the sync cursor.

use confab_contract::{ConversationId, TenantId, UserId};

use super::{Mute, lock};
use crate::changes::{self, Mark};
use crate::engine::{Connection, Query};
use crate::{Store, StoreError};

/// Pins or unpins. `false`: not an active member.
pub async fn set_pinned(
    store: &Store,
    tenant: &TenantId,
    user: UserId,
    conversation: ConversationId,
    pinned: bool,
) -> Result<bool, StoreError> {
    let query = sql!(
        "UPDATE members SET change_mark = $4, pinned = $5
         WHERE tenant = $1 AND conversation_id = $2 AND user_id = $3"
    );
    set(store, tenant, user, conversation, query, |query| query.bind(pinned)).await
}

/// Mutes or unmutes. `false`: not an active member.
pub async fn set_muted(
    store: &Store,
    tenant: &TenantId,
    user: UserId,
    conversation: ConversationId,
    mute: Mute,
) -> Result<bool, StoreError> {
    let (muted, until) = match mute {
        Mute::Off => (false, None),
        Mute::Forever => (true, None),
        Mute::Until(moment) => (true, Some(moment)),
    };
    let query = sql!(
        "UPDATE members SET change_mark = $4, muted = $5, muted_until = $6
         WHERE tenant = $1 AND conversation_id = $2 AND user_id = $3"
    );
    set(store, tenant, user, conversation, query, |query| query.bind(muted).bind(until)).await
}

async fn set(
    store: &Store,
    tenant: &TenantId,
    user: UserId,
    conversation: ConversationId,
    query: Query,
    bind: impl FnOnce(Query) -> Query,
) -> Result<bool, StoreError> {
    let mut transaction = store.begin().await?;
    if !is_active(&mut transaction, tenant, user, conversation).await? {
        return Ok(false);
    }
    let mark: Mark = changes::bump(&mut transaction, tenant, store.lanes().next()).await?;
    let query = query.bind(tenant).bind(conversation).bind(user).bind(mark.to_column());
    transaction.run(bind(query)).await?;
    transaction.commit().await?;
    Ok(true)
}

async fn is_active(
    transaction: &mut Connection,
    tenant: &TenantId,
    user: UserId,
    conversation: ConversationId,
) -> Result<bool, StoreError> {
    let rows = lock(transaction, tenant, conversation, &[user]).await?;
    Ok(rows.iter().any(super::MemberState::is_active))
}
