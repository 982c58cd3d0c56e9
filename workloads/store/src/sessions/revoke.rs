//! Ending sessions.

use confab_contract::{SessionId, TenantId, Timestamp, UserId};

use crate::engine::{Connection, Text};
use crate::{Store, StoreError};

/// Ends one session of a user. `false`: no such session that was not revoked.
pub async fn revoke(
    store: &Store,
    tenant: &TenantId,
    user: UserId,
    id: SessionId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut transaction = store.begin().await?;
    let query = sql!(
        "UPDATE sessions SET revoked_at = $4
         WHERE tenant = $1 AND id = $2 AND user_id = $3 AND revoked_at IS NULL"
    );
    let ended = transaction.run(query.bind(tenant).bind(id).bind(user).bind(now)).await?;
    transaction.commit().await?;
    Ok(ended > 0)
}

/// Ends all sessions of a user but `keep`. Returns those that were not revoked before.
pub async fn revoke_others(
    store: &Store,
    tenant: &TenantId,
    user: UserId,
    keep: Option<SessionId>,
    now: Timestamp,
) -> Result<Vec<SessionId>, StoreError> {
    let mut transaction = store.begin().await?;
    let revoked = revoke_all(&mut transaction, tenant, user, keep, now).await?;
    transaction.commit().await?;
    Ok(revoked)
}

/// The same inside a transaction that also does what calls for it.
pub(crate) async fn revoke_all(
    transaction: &mut Connection,
    tenant: &TenantId,
    user: UserId,
    keep: Option<SessionId>,
    now: Timestamp,
) -> Result<Vec<SessionId>, StoreError> {
    let query = sql!(
        "UPDATE sessions SET revoked_at = $4
         WHERE tenant = $1 AND user_id = $2 AND ($3 IS NULL OR id <> $3) AND revoked_at IS NULL
         RETURNING id"
    );
    let query = query.bind(tenant).bind(user).bind(keep.map(|id| id.to_string())).bind(now);
    let rows: Vec<(Text<SessionId>,)> = transaction.all(query).await?;
    Ok(rows.into_iter().map(|(id,)| id.0).collect())
}
