//! What services are mounted on.

use confab_chassis::bus::Bus;
use confab_chassis::rate::RateLimiter;
use confab_chassis::seal::MasterKey;
use confab_chassis::tenant::Tenants;
use confab_chassis::token::{Keyring, Revocations, Verifier};
use confab_store::Store;
use confab_tenancy::Follower;

/// What services are mounted on; each part is cheap to clone.
#[derive(Clone)]
pub struct Ground {
    /// The record.
    pub store: Store,
    /// Whom the process serves.
    pub tenants: Tenants,
    /// Keys that sign access tokens.
    pub keyring: Keyring,
    /// Checks access tokens.
    pub verifier: Verifier,
    /// Sessions whose tokens hold no more.
    pub revocations: Revocations,
    /// Wake-ups between processes.
    pub bus: Bus,
    /// How often what may be done.
    pub limiter: RateLimiter,
    /// Seals secrets, makes refresh tokens and cursors.
    pub master_key: MasterKey,
    /// Keeps tenants in step with the store, where they come from there.
    pub follower: Option<Follower>,
}
