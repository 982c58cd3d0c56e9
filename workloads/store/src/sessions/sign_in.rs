//! Signing a device in.

use confab_contract::{SessionId, TenantId, Timestamp, UserId};
use secrecy::ExposeSecret as _;

use super::{Familiarity, NewSession, SignIn};
use crate::engine::{Connection, Text};
use crate::{Store, StoreError};

/// A place counts as known this long after its last use.
const KNOWN_MILLIS: i64 = 90 * 24 * 3600 * 1000;
/// Number of a session's first refresh token.
const FIRST_GENERATION: u32 = 0;

/// Signs a device in, if its account still has the hash that the password was compared with and is not suspended.
/// Older sessions of the same device are revoked by this.
pub async fn insert(
    store: &Store,
    tenant: &TenantId,
    session: NewSession,
    now: Timestamp,
) -> Result<SignIn, StoreError> {
    let mut transaction = store.begin().await?;
    // Held until COMMIT: a change of password or a suspension at this moment either sees this session and revokes it,
    // or is seen here.
    let account = sql!(
        "SELECT u.password_hash, u.suspended_at IS NOT NULL FROM users u WHERE u.tenant = $1 AND u.id = $2" locking "u"
    );
    let account: Option<(String, bool)> = transaction.optional(account.bind(tenant).bind(session.user)).await?;
    match account {
        Some((hash, _)) if hash != session.password_hash.expose_secret() => return Ok(SignIn::Outdated),
        Some((_, true)) => return Ok(SignIn::Suspended),
        Some((_, false)) => {}
        None => return Ok(SignIn::Outdated),
    }
    let replaced = match &session.device_id {
        Some(device) => revoke_device(&mut transaction, tenant, session.user, device, now).await?,
        None => Vec::new(),
    };
    let query = sql!(
        "INSERT INTO sessions (tenant, id, user_id, device_id, user_agent, address, network, refresh_salt, generation,
             created_at, last_used_at, expires_at, revoked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, NULL)"
    );
    let query = query
        .bind(tenant)
        .bind(session.id)
        .bind(session.user)
        .bind(session.device_id)
        .bind(session.user_agent)
        .bind(session.address)
        .bind(session.network)
        .bind(session.refresh_salt)
        .bind(FIRST_GENERATION)
        .bind(now)
        .bind(session.expires_at);
    transaction.run(query).await?;
    transaction.commit().await?;
    Ok(SignIn::Opened { replaced, generation: FIRST_GENERATION })
}

async fn revoke_device(
    transaction: &mut Connection,
    tenant: &TenantId,
    user: UserId,
    device: &str,
    now: Timestamp,
) -> Result<Vec<SessionId>, StoreError> {
    let query = sql!(
        "UPDATE sessions SET revoked_at = $4
         WHERE tenant = $1 AND user_id = $2 AND device_id = $3 AND revoked_at IS NULL
         RETURNING id"
    );
    let rows: Vec<(Text<SessionId>,)> = transaction.all(query.bind(tenant).bind(user).bind(device).bind(now)).await?;
    Ok(rows.into_iter().map(|(id,)| id.0).collect())
}

/// Whether the person was in this network within the last 90 days, and there with this device. A device alone says
/// nothing: its id is the client's to choose, and others can guess it.
pub async fn familiarity(
    store: &Store,
    tenant: &TenantId,
    user: UserId,
    network: &str,
    device_id: Option<&str>,
    now: Timestamp,
) -> Result<Familiarity, StoreError> {
    let query = sql!(
        "SELECT CAST(COALESCE(MAX(CASE WHEN device_id = $4 THEN 2 ELSE 1 END), 0) AS BIGINT) FROM sessions
         WHERE tenant = $1 AND user_id = $2 AND network = $3 AND last_used_at >= $5"
    );
    let query = query.bind(tenant).bind(user).bind(network).bind(device_id).bind(now.plus_millis(-KNOWN_MILLIS));
    let (known,): (i64,) = store.read().await?.one(query).await?;
    Ok(match known {
        0 => Familiarity::Strange,
        1 => Familiarity::Network,
        _ => Familiarity::Device,
    })
}
