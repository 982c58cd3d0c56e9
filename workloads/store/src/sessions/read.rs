//! Reading sessions.

use confab_contract::{SessionId, TenantId, Timestamp, UserId};

use super::{Revocation, Session};
use crate::engine::{Millis, Seq, Text};
use crate::{Store, StoreError};

/// A session's row. Statements that fill it name exactly these columns.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct SessionRow {
    id: Text<SessionId>,
    user_id: Text<UserId>,
    device_id: Option<String>,
    user_agent: Option<String>,
    address: Option<String>,
    refresh_salt: String,
    generation: Seq,
    created_at: Millis,
    last_used_at: Millis,
    expires_at: Millis,
    revoked_at: Option<Millis>,
}

/// One session, live or not.
pub async fn get(store: &Store, tenant: &TenantId, id: SessionId) -> Result<Option<Session>, StoreError> {
    let query = sql!(
        "SELECT id, user_id, device_id, user_agent, address, refresh_salt, generation, created_at, last_used_at,
                expires_at, revoked_at
         FROM sessions WHERE tenant = $1 AND id = $2"
    );
    let row: Option<SessionRow> = store.read().await?.optional(query.bind(tenant).bind(id)).await?;
    Ok(row.map(Session::from))
}

/// A person's live sessions, the newest first, and how many there are.
pub async fn list(
    store: &Store,
    tenant: &TenantId,
    user: UserId,
    now: Timestamp,
    limit: u32,
    offset: u32,
) -> Result<(Vec<Session>, u64), StoreError> {
    let mut connection = store.read().await?;
    let page = sql!(
        "SELECT id, user_id, device_id, user_agent, address, refresh_salt, generation, created_at, last_used_at,
                expires_at, revoked_at
         FROM sessions WHERE tenant = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > $3
         ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5"
    );
    let page = page.bind(tenant).bind(user).bind(now).bind(limit).bind(offset);
    let rows: Vec<SessionRow> = connection.all(page).await?;
    let total = sql!(
        "SELECT COUNT(*) FROM sessions WHERE tenant = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > $3"
    );
    let (total,): (Seq,) = connection.one(total.bind(tenant).bind(user).bind(now)).await?;
    Ok((rows.into_iter().map(Session::from).collect(), total.0))
}

/// Revocations of all tenants from a moment on, for the memory of a process: the one reader without a tenant.
///
/// `revoked_at` is the clock of whoever revoked, and a row shows only after its COMMIT: read again from well before
/// the last time.
pub async fn revoked_since(store: &Store, since: Timestamp) -> Result<Vec<Revocation>, StoreError> {
    let query = sql!(
        "SELECT tenant, id, revoked_at FROM sessions WHERE revoked_at IS NOT NULL AND revoked_at >= $1
         ORDER BY revoked_at"
    );
    let rows: Vec<(Text<TenantId>, Text<SessionId>, Millis)> = store.read().await?.all(query.bind(since)).await?;
    Ok(rows
        .into_iter()
        .map(|(tenant, session, at)| Revocation { tenant: tenant.0, session: session.0, revoked_at: at.0 })
        .collect())
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id: row.id.0,
            user: row.user_id.0,
            device_id: row.device_id,
            user_agent: row.user_agent,
            address: row.address,
            refresh_salt: row.refresh_salt,
            generation: u32::try_from(row.generation.0).unwrap_or(u32::MAX),
            created_at: row.created_at.0,
            last_used_at: row.last_used_at.0,
            expires_at: row.expires_at.0,
            revoked_at: row.revoked_at.map(|at| at.0),
        }
    }
}
