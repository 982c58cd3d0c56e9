//! Key pairs that sign a tenant's access tokens. The private half is sealed before it gets here.

use std::fmt;

use confab_contract::{TenantId, Timestamp};

use crate::engine::{Millis, Seq};
use crate::{Store, StoreError};

/// One key pair of a tenant.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Whose.
    pub tenant: TenantId,
    /// 1, 2, 3, …
    pub generation: u32,
    /// Its name in tokens.
    pub kid: String,
    /// The private half, sealed under the process's master key.
    pub sealed_private_key: Vec<u8>,
    /// The public half.
    pub public_key: Vec<u8>,
    /// From when on it signs.
    pub active_from: Timestamp,
    /// When its successor takes over.
    pub retires_at: Timestamp,
    /// From when on nothing that it signed is valid.
    pub expires_at: Timestamp,
}

/// The sealed half stays out of logs too.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("tenant", &self.tenant)
            .field("generation", &self.generation)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    generation: Seq,
    kid: String,
    sealed_private_key: Vec<u8>,
    public_key: Vec<u8>,
    active_from: Millis,
    retires_at: Millis,
    expires_at: Millis,
}

/// The keys that have not expired, by generation.
pub async fn list(store: &Store, tenant: &TenantId, now: Timestamp) -> Result<Vec<SigningKey>, StoreError> {
    let query = sql!(
        "SELECT generation, kid, sealed_private_key, public_key, active_from, retires_at, expires_at
         FROM signing_keys WHERE tenant = $1 AND expires_at > $2 ORDER BY generation"
    );
    let rows: Vec<KeyRow> = store.read().await?.all(query.bind(tenant).bind(now)).await?;
    Ok(rows
        .into_iter()
        .map(|row| SigningKey {
            tenant: tenant.clone(),
            generation: u32::try_from(row.generation.0).unwrap_or(u32::MAX),
            kid: row.kid,
            sealed_private_key: row.sealed_private_key,
            public_key: row.public_key,
            active_from: row.active_from.0,
            retires_at: row.retires_at.0,
            expires_at: row.expires_at.0,
        })
        .collect())
}

/// Adds a key. `false`: another process has made this generation; read the list again.
pub async fn insert(store: &Store, key: &SigningKey) -> Result<bool, StoreError> {
    let query = sql!(
        "INSERT INTO signing_keys
             (tenant, generation, kid, sealed_private_key, public_key, active_from, retires_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant, generation) DO NOTHING"
    );
    let query = query
        .bind(&key.tenant)
        .bind(key.generation)
        .bind(key.kid.as_str())
        .bind(key.sealed_private_key.clone())
        .bind(key.public_key.clone())
        .bind(key.active_from)
        .bind(key.retires_at)
        .bind(key.expires_at);
    let mut transaction = store.begin().await?;
    let added = transaction.run(query).await?;
    transaction.commit().await?;
    Ok(added > 0)
}
