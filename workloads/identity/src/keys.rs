//! Signing keys: made when [`crate::rotation`] says so, sealed by the master key, read into the keyring.
//!
//! Processes may do this at the same moment: the store takes each generation once, and whoever comes second reads what
//! the first one made.

use confab_chassis::seal::MasterKey;
use confab_chassis::tenant::Tenant;
use confab_chassis::token::{KeyMaterial, Keyring, generate_key};
use confab_contract::{TenantId, Timestamp};
use confab_store::signing_keys::{self, SigningKey};
use confab_store::{Store, StoreError};
use secrecy::ExposeSecret as _;

use crate::rotation::{Lifetime, next_key};

/// Generations tried in one go. All but the last belong to keys that have expired, which the store does not list.
const GENERATIONS_TRIED: u32 = 1000;

/// Why a tenant has no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The store did not answer, or refused.
    #[error("unable to read or write the signing keys of tenant {tenant}")]
    Store {
        /// Whose keys.
        tenant: TenantId,
        /// Why.
        source: StoreError,
    },
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

/// Makes the key that is due, if one is, and reads the keys of a tenant into the keyring.
pub async fn load(
    store: &Store,
    master_key: &MasterKey,
    keyring: &Keyring,
    tenant: &Tenant,
    now: Timestamp,
) -> Result<(), KeyError> {
    let rows = present(store, master_key, tenant, now).await?;
    let keys = rows.iter().map(|row| open(master_key, row)).collect::<Result<Vec<_>, _>>()?;
    keyring.replace(tenant.id(), keys);
    Ok(())
}

/// Whether the tenant's keys open with this master key, without changing anything; says how many there are.
pub async fn check(
    store: &Store,
    master_key: &MasterKey,
    tenant: &TenantId,
    now: Timestamp,
) -> Result<usize, KeyError> {
    let listed = signing_keys::list(store, tenant, now).await;
    let rows = listed.map_err(|source| KeyError::Store { tenant: tenant.clone(), source })?;
    rows.iter().try_for_each(|row| open(master_key, row).map(drop))?;
    Ok(rows.len())
}

/// The tenant's keys, with the one that was due.
async fn present(
    store: &Store,
    master_key: &MasterKey,
    tenant: &Tenant,
    now: Timestamp,
) -> Result<Vec<SigningKey>, KeyError> {
    let failed = |source| KeyError::Store { tenant: tenant.id().clone(), source };
    let mut expired_generations = 0;
    loop {
        let rows = signing_keys::list(store, tenant.id(), now).await.map_err(failed)?;
        let known: Vec<Lifetime> = rows.iter().map(lifetime).collect();
        let Some(mut due) = next_key(&known, tenant.auth(), now) else {
            return Ok(rows);
        };
        due.generation = due.generation.saturating_add(expired_generations);
        let made = make(master_key, tenant.id(), due);
        let generation_was_free = signing_keys::insert(store, &made).await.map_err(failed)?;
        if generation_was_free {
            tracing::info!(tenant = %tenant.id(), kid = made.kid, generation = made.generation, "made a signing key");
            continue;
        }
        // Another process was faster, and the next look finds its key; or a key of that number has expired.
        expired_generations += 1;
        if expired_generations > GENERATIONS_TRIED {
            return Err(KeyError::NoGeneration { tenant: tenant.id().clone() });
        }
    }
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
