//! Signing keys: made when [`crate::rotation`] says so, sealed by the master key, read into the keyring.
//!
//! Processes may do this at the same moment: the store takes each generation once, and whoever comes second reads what
//! the first one made.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use confab_chassis::seal::MasterKey;
use confab_chassis::tenant::Tenant;
use confab_chassis::token::{KeyMaterial, Keyring, generate_key};
use confab_contract::{TenantId, Timestamp};
use confab_store::signing_keys::{self, SigningKey};
use confab_store::{Store, StoreError};
use secrecy::ExposeSecret as _;

use crate::rotation::{Lifetime, next_key, next_look};

/// Generations tried in one go. All but the last belong to keys that have expired, which the store does not list.
const GENERATIONS_TRIED: u32 = 1000;

/// Why a tenant has no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The store did not answer, or refused.
    #[error("unable to read or write signing keys")]
    Store(#[source] StoreError),
    /// The store did not tell what was revoked.
    #[error("unable to read revoked sessions")]
    Revocations(#[source] StoreError),
    /// The key was sealed by another master key, or its row was changed.
    #[error(
        "signing key {kid} of tenant {tenant} was sealed by another master key; give every process on one database the same key file"
    )]
    Sealed {
        /// Whose key.
        tenant: TenantId,
        /// Which key.
        kid: String,
    },
    /// The store takes no generation and lists none.
    #[error("failed to make a signing key for tenant {tenant}: every generation is taken")]
    NoGeneration {
        /// Whose key.
        tenant: TenantId,
    },
}

/// What became of a tenant's keys.
pub type Loaded = Result<Timestamp, KeyError>;

/// Makes the keys that are due, and reads the keys of some tenants into the keyring. For each the moment of the next look
/// comes back, or why its keys cannot be used: one tenant's trouble is no trouble of the others.
pub async fn load(
    store: &Store,
    master_key: &MasterKey,
    keyring: &Keyring,
    tenants: &[Arc<Tenant>],
    now: Timestamp,
) -> Result<Vec<(TenantId, Loaded)>, KeyError> {
    let (mut rows, taken) = present(store, master_key, tenants, now).await?;
    let outcome = |tenant: &Arc<Tenant>| {
        let id = tenant.id();
        if taken.contains(id) {
            return (id.clone(), Err(KeyError::NoGeneration { tenant: id.clone() }));
        }
        let rows = rows.remove(id).unwrap_or_default();
        let keys: Result<Vec<_>, _> = rows.iter().map(|row| open(master_key, row)).collect();
        let next = keys.map(|keys| {
            keyring.replace(id, keys);
            next_look(&rows.iter().map(lifetime).collect::<Vec<_>>(), tenant.auth(), now)
        });
        (id.clone(), next)
    };
    Ok(tenants.iter().map(outcome).collect())
}

/// Whether the tenant's keys open with this master key, without changing anything; says how many there are.
pub async fn check(
    store: &Store,
    master_key: &MasterKey,
    tenant: &TenantId,
    now: Timestamp,
) -> Result<usize, KeyError> {
    let rows = signing_keys::list(store, tenant, now).await.map_err(KeyError::Store)?;
    rows.iter().try_for_each(|row| open(master_key, row).map(drop))?;
    Ok(rows.len())
}

type KeysOfTenants = HashMap<TenantId, Vec<SigningKey>>;

/// The keys of some tenants, with those that were due; and the tenants of which every generation is taken.
async fn present(
    store: &Store,
    master_key: &MasterKey,
    tenants: &[Arc<Tenant>],
    now: Timestamp,
) -> Result<(KeysOfTenants, HashSet<TenantId>), KeyError> {
    let (mut keys, mut taken) = (HashMap::new(), HashSet::new());
    let mut asked: Vec<&Arc<Tenant>> = tenants.iter().collect();
    // Whoever is due again after a key was made for it: the generation was not free. Another process was faster, and this
    // look finds its key; or a key of that number has expired, and the next number is tried.
    for expired_generations in 0..=GENERATIONS_TRIED {
        let ids: Vec<&TenantId> = asked.iter().map(|tenant| tenant.id()).collect();
        let rows = signing_keys::list_of(store, &ids, now).await.map_err(KeyError::Store)?;
        let mut found: KeysOfTenants = HashMap::new();
        for row in rows {
            found.entry(row.tenant.clone()).or_default().push(row);
        }
        let mut made = Vec::new();
        asked.retain(|tenant| {
            let rows = found.remove(tenant.id()).unwrap_or_default();
            let known: Vec<Lifetime> = rows.iter().map(lifetime).collect();
            let Some(mut due) = next_key(&known, tenant.auth(), now) else {
                keys.insert(tenant.id().clone(), rows);
                return false;
            };
            due.generation = due.generation.saturating_add(expired_generations);
            made.push(make(master_key, tenant.id(), due));
            true
        });
        if asked.is_empty() {
            return Ok((keys, taken));
        }
        let added = signing_keys::insert_all(store, &made).await.map_err(KeyError::Store)?;
        tracing::info!(added, asked = made.len(), "made signing keys");
    }
    taken.extend(asked.into_iter().map(|tenant| tenant.id().clone()));
    Ok((keys, taken))
}

fn lifetime(row: &SigningKey) -> Lifetime {
    Lifetime {
        generation: row.generation,
        active_from: row.active_from,
        retires_at: row.retires_at,
        expires_at: row.expires_at,
    }
}

fn make(master_key: &MasterKey, tenant: &TenantId, times: Lifetime) -> SigningKey {
    let key = generate_key(times.active_from, times.retires_at, times.expires_at);
    let sealed_private_key = master_key.seal(&context(tenant, &key.kid), key.private_key.expose_secret());
    SigningKey {
        tenant: tenant.clone(),
        generation: times.generation,
        kid: key.kid,
        sealed_private_key,
        public_key: key.public_key,
        active_from: times.active_from,
        retires_at: times.retires_at,
        expires_at: times.expires_at,
    }
}

fn open(master_key: &MasterKey, row: &SigningKey) -> Result<KeyMaterial, KeyError> {
    let private_key = master_key.open(&context(&row.tenant, &row.kid), &row.sealed_private_key);
    let sealed = || KeyError::Sealed { tenant: row.tenant.clone(), kid: row.kid.clone() };
    Ok(KeyMaterial {
        kid: row.kid.clone(),
        private_key: private_key.ok_or_else(sealed)?.into(),
        public_key: row.public_key.clone(),
        active_from: row.active_from,
        retires_at: row.retires_at,
        expires_at: row.expires_at,
    })
}

/// A sealed key opens for its own tenant and name alone.
fn context(tenant: &TenantId, kid: &str) -> String {
    format!("signing-key/{tenant}/{kid}")
}
