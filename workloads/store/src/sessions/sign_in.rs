//! Signing a device in.

use confab_contract::{SessionId, TenantId, Timestamp, UserId};

use super::NewSession;
use crate::engine::Text;
use crate::{Store, StoreError};

/// A device or address counts as known this long after its last use.
const KNOWN_MILLIS: i64 = 90 * 24 * 3600 * 1000;

/// Signs a device in. Older sessions of the same device are revoked by this, and returned. For an account that was
/// suspended meanwhile, the session is revoked from the start.
pub async fn insert(
    store: &Store,
    tenant: &TenantId,
    session: NewSession,
    now: Timestamp,
) -> Result<Vec<SessionId>, StoreError> {
    let mut transaction = store.begin().await?;
    // Held until COMMIT: a suspension at this moment either sees this session and revokes it, or is seen here.
    let account = sql!("SELECT u.suspended_at IS NOT NULL FROM users u WHERE u.tenant = $1 AND u.id = $2" locking "u");
    let account: Option<(bool,)> = transaction.optional(account.bind(tenant).bind(session.user)).await?;
    let is_suspended = account.is_none_or(|(suspended,)| suspended);
    let mut replaced: Vec<(Text<SessionId>,)> = Vec::new();
    if let Some(device) = &session.device_id {
        let query = sql!(
            "UPDATE sessions SET revoked_at = $4
             WHERE tenant = $1 AND user_id = $2 AND device_id = $3 AND revoked_at IS NULL
             RETURNING id"
        );
        let query = query.bind(tenant).bind(session.user).bind(device.as_str()).bind(now);
        replaced = transaction.all(query).await?;
    }
    let query = sql!(
        "INSERT INTO sessions (tenant, id, user_id, device_id, user_agent, address, refresh_salt, generation,
             created_at, last_used_at, expires_at, revoked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $8, $9, $10)"
    );
    let query = query
        .bind(tenant)
        .bind(session.id)
        .bind(session.user)
        .bind(session.device_id)
        .bind(session.user_agent)
        .bind(session.address)
        .bind(session.refresh_salt)
        .bind(now)
        .bind(session.expires_at)
        .bind(is_suspended.then_some(now));
    transaction.run(query).await?;
    transaction.commit().await?;
    Ok(replaced.into_iter().map(|(id,)| id.0).collect())
}

/// Whether the person signed in from that device id or that address within the last 90 days.
pub async fn is_known_device(
    store: &Store,
    tenant: &TenantId,
    user: UserId,
    device_id: Option<&str>,
    address: Option<&str>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let query = sql!(
        "SELECT EXISTS (SELECT 1 FROM sessions
             WHERE tenant = $1 AND user_id = $2 AND last_used_at >= $5 AND (device_id = $3 OR address = $4))"
    );
    let query = query.bind(tenant).bind(user).bind(device_id).bind(address).bind(now.plus_millis(-KNOWN_MILLIS));
    let (known,): (bool,) = store.read().await?.one(query).await?;
    Ok(known)
}
