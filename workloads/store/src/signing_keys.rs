//! Key pairs that sign a tenant's access tokens. The private half is sealed before it gets here.

use std::fmt::{self, Write as _};

use confab_contract::{TenantId, Timestamp};

use crate::engine::{Millis, Query, Rows, Seq, Sql, Text};
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
    tenant: Text<TenantId>,
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
    list_of(store, &[tenant], now).await
}

/// The keys of some tenants that have not expired, by tenant and generation.
pub async fn list_of(store: &Store, tenants: &[&TenantId], now: Timestamp) -> Result<Vec<SigningKey>, StoreError> {
    let query = sql!(
        "SELECT k.tenant, k.generation, k.kid, k.sealed_private_key, k.public_key, k.active_from, k.retires_at,
             k.expires_at
         FROM " rows "CROSS JOIN signing_keys k WHERE k.tenant = j.value->>0 AND k.expires_at > $2
         ORDER BY k.tenant, k.generation"
    );
    let rows: Vec<KeyRow> = store.read().await?.all(query.bind(Rows::single(tenants)).bind(now)).await?;
    let key = |row: KeyRow| SigningKey {
        tenant: row.tenant.0,
        generation: u32::try_from(row.generation.0).unwrap_or(u32::MAX),
        kid: row.kid,
        sealed_private_key: row.sealed_private_key,
        public_key: row.public_key,
        active_from: row.active_from.0,
        retires_at: row.retires_at.0,
        expires_at: row.expires_at.0,
    };
    Ok(rows.into_iter().map(key).collect())
}

/// Adds a key. `false`: another process has made this generation; read the list again.
pub async fn insert(store: &Store, key: &SigningKey) -> Result<bool, StoreError> {
    Ok(insert_all(store, std::slice::from_ref(key)).await? > 0)
}

/// Adds keys, in one transaction. Of those whose generation another process has made already nothing is added. Returns how
/// many were added.
pub async fn insert_all(store: &Store, keys: &[SigningKey]) -> Result<u64, StoreError> {
    // Bytes as hex: neither engine takes them out of JSON otherwise.
    let query = Query::new(Sql { sqlite: INSERT_SQLITE, postgres: INSERT_POSTGRES });
    let row = |key: &SigningKey| {
        (
            key.tenant.clone(),
            key.generation,
            key.kid.clone(),
            hex(&key.sealed_private_key),
            hex(&key.public_key),
            key.active_from.as_millis(),
            key.retires_at.as_millis(),
            key.expires_at.as_millis(),
        )
    };
    // In one order everywhere, so that two processes which make the keys of the same tenants do not wait for each other.
    let mut rows: Vec<_> = keys.iter().map(row).collect();
    rows.sort();
    let mut transaction = store.begin().await?;
    let added = transaction.run(query.bind(Rows::of(&rows))).await?;
    transaction.commit().await?;
    Ok(added)
}

macro_rules! insert {
    ($rows:literal, $before:literal, $after:literal) => {
        concat!(
            "INSERT INTO signing_keys
                 (tenant, generation, kid, sealed_private_key, public_key, active_from, retires_at, expires_at)
             SELECT j.value->>0, CAST(j.value->>1 AS BIGINT), j.value->>2, ",
            $before,
            "j.value->>3",
            $after,
            ", ",
            $before,
            "j.value->>4",
            $after,
            ",
                 CAST(j.value->>5 AS BIGINT), CAST(j.value->>6 AS BIGINT), CAST(j.value->>7 AS BIGINT)
             FROM ",
            $rows,
            " WHERE true ON CONFLICT (tenant, generation) DO NOTHING"
        )
    };
}

const INSERT_SQLITE: &str = insert!("json_each($1) AS j", "unhex(", ")");
const INSERT_POSTGRES: &str = insert!("jsonb_array_elements($1::jsonb) AS j", "decode(", ", 'hex')");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String does not fail");
        text
    })
}
