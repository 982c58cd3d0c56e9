//! What every handler can reach.

use std::sync::Arc;

use confab_chassis::bus::Bus;
use confab_chassis::clock::Clock;
use confab_chassis::http::HasIdentity;
use confab_chassis::rate::RateLimiter;
use confab_chassis::seal::MasterKey;
use confab_chassis::tenant::Tenants;
use confab_chassis::token::{Keyring, Revocations, Verifier};
use confab_contract::config::messaging::PasswordConfig;
use confab_store::Store;

use crate::password::PasswordHasher;

/// What messaging is made of. Whoever builds it shares these with other services of the same process.
#[derive(Clone)]
pub struct Parts {
    /// The record.
    pub store: Store,
    /// Whom this process serves.
    pub tenants: Tenants,
    /// Keys that sign access tokens.
    pub keyring: Keyring,
    /// Checks access tokens.
    pub verifier: Verifier,
    /// Sessions whose tokens hold no more.
    pub revocations: Revocations,
    /// Wake-ups for other processes.
    pub bus: Bus,
    /// How often what may be done.
    pub limiter: RateLimiter,
    /// Makes refresh tokens and cursors.
    pub master_key: MasterKey,
    /// The time.
    pub clock: Clock,
    /// Costs and bounds of password hashing.
    pub passwords: PasswordConfig,
}

/// The state of the router. Cheap to clone.
#[derive(Clone)]
pub struct MessagingState(Arc<Inner>);

struct Inner {
    parts: Parts,
    hasher: PasswordHasher,
}

impl HasIdentity for MessagingState {
    fn verifier(&self) -> &Verifier {
        &self.0.parts.verifier
    }

    fn rate_limiter(&self) -> Option<&RateLimiter> {
        Some(self.limiter())
    }
}

impl MessagingState {
    pub(crate) fn new(parts: Parts) -> Self {
        let hasher = PasswordHasher::new(&parts.passwords);
        Self(Arc::new(Inner { parts, hasher }))
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.parts.store
    }

    pub(crate) fn keyring(&self) -> &Keyring {
        &self.0.parts.keyring
    }

    pub(crate) fn revocations(&self) -> &Revocations {
        &self.0.parts.revocations
    }

    pub(crate) fn bus(&self) -> &Bus {
        &self.0.parts.bus
    }

    pub(crate) fn limiter(&self) -> &RateLimiter {
        &self.0.parts.limiter
    }

    pub(crate) fn master_key(&self) -> &MasterKey {
        &self.0.parts.master_key
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.parts.clock
    }

    pub(crate) fn hasher(&self) -> &PasswordHasher {
        &self.0.hasher
    }
}
