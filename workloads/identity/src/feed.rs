//! Keeps keyring and revocations up to date for as long as the process lives.

use std::time::Duration;

use confab_chassis::background::Background;
use confab_chassis::bus::Bus;
use confab_chassis::clock::Clock;
use confab_chassis::seal::MasterKey;
use confab_chassis::tenant::{Tenant, Tenants};
use confab_chassis::token::{Keyring, Revocations};
use confab_contract::Timestamp;
use confab_store::Store;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::keys::{self, KeyError};
use crate::{ended, hints, revoked};

/// How often revocations are read: with the query itself, a revocation is felt within a second.
const REVOCATIONS_EVERY: Duration = Duration::from_millis(500);
/// How often it is asked whether a tenant without keys has appeared.
const NEW_TENANTS_EVERY: Duration = Duration::from_secs(1);
/// How often all keys are read. The next key is made at least two minutes before it signs.
const KEYS_EVERY: Duration = Duration::from_secs(30);

/// What the feed moves between.
#[derive(Clone)]
pub struct IdentityParts {
    /// From here.
    pub store: Store,
    /// For these.
    pub tenants: Tenants,
    /// Opens keys.
    pub master_key: MasterKey,
    /// To here.
    pub keyring: Keyring,
    /// And here.
    pub revocations: Revocations,
    /// Tells of revocations at once.
    pub bus: Bus,
    /// The time.
    pub clock: Clock,
}

/// Keeps a process's keys and revocations up to date. Cheap to clone.
#[derive(Clone)]
pub struct IdentityFeed {
    parts: IdentityParts,
}

impl IdentityFeed {
    /// A feed that has not run yet.
    #[must_use]
    pub fn new(parts: IdentityParts) -> Self {
        Self { parts }
    }

    /// Reads everything once: await it before the process becomes ready. It may be called again after a failure.
    pub async fn prime(&self) -> Result<(), KeyError> {
        let IdentityParts { store, revocations, clock, .. } = &self.parts;
        self.load_first_keys().await?;
        revoked::read_since(store, revocations, revoked::beginning(clock.now())).await.map_err(KeyError::Revocations)
    }

    /// The keys of all tenants. One whose keys do not open is logged and tried again later; it must not keep the others
    /// unready. Without any tenant that has keys there is nothing to be ready for.
    async fn load_first_keys(&self) -> Result<(), KeyError> {
        let mut trouble = None;
        let mut is_any_loaded = false;
        for tenant in self.parts.tenants.all() {
            match self.load_keys(&tenant).await {
                Ok(()) => is_any_loaded = true,
                Err(error @ KeyError::Store { .. }) => return Err(error),
                Err(error) => {
                    tracing::error!(tenant = %tenant.id(), error = &error as &dyn std::error::Error, "a tenant has no keys");
                    trouble = Some(error);
                }
            }
        }
        match trouble {
            Some(error) if !is_any_loaded => Err(error),
            _ => Ok(()),
        }
    }

    /// Runs the feed as background tasks until they are stopped.
    pub fn spawn(&self, background: &Background) {
        let feed = self.clone();
        background.spawn("revocations", move |stop| feed.clone().follow_revocations(stop));
        let feed = self.clone();
        background.spawn("signing-keys", move |stop| feed.clone().follow_keys(stop));
        let IdentityParts { store, tenants, revocations, bus, clock, .. } = self.parts.clone();
        let (purged, time) = (store, clock.clone());
        background.spawn("ended-sessions", move |stop| ended::keep_purging(purged.clone(), time.clone(), stop));
        background.spawn("revocation-hints", move |stop| {
            hints::listen(bus.clone(), tenants.clone(), revocations.clone(), clock.clone(), stop)
        });
    }

    async fn follow_revocations(self, stop: CancellationToken) {
        let IdentityParts { store, revocations, clock, .. } = &self.parts;
        let mut ticks = interval(REVOCATIONS_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut trouble = Trouble::default();
        // The first look repeats the one of `prime`: whatever happened between the two is in it.
        let mut since = revoked::beginning(clock.now());
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let asked_at = clock.now();
            revocations.prune(asked_at);
            let read = stop.run_until_cancelled(revoked::read_since(store, revocations, since)).await;
            match read {
                Some(Ok(())) => {
                    since = asked_at.plus_millis(-revoked::OVERLAP_MILLIS);
                    trouble.over("revocations are read again");
                }
                Some(Err(error)) => trouble.now(&error, "revocations cannot be read"),
                None => return,
            }
        }
    }

    async fn follow_keys(self, stop: CancellationToken) {
        let mut ticks = interval(NEW_TENANTS_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut trouble = Trouble::default();
        let mut read_at: Option<Timestamp> = None;
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let now = self.parts.clock.now();
            let all = read_at.is_none_or(|before| now.millis_since(before) >= millis(KEYS_EVERY));
            match stop.run_until_cancelled(self.load_due(all)).await {
                Some(Ok(())) => trouble.over("signing keys are read again"),
                Some(Err(error)) => trouble.now(&error, "signing keys cannot be read"),
                None => return,
            }
            // After a failure too: a store that is away is not asked for every tenant each second.
            if all {
                read_at = Some(now);
            }
        }
    }

    /// Reads the keys of all tenants, or only of those that have none yet. One tenant's trouble does not hold up others.
    async fn load_due(&self, all: bool) -> Result<(), KeyError> {
        let mut outcome = Ok(());
        for tenant in self.parts.tenants.all() {
            if (all || self.parts.keyring.kids(tenant.id()).is_empty())
                && let Err(error) = self.load_keys(&tenant).await
            {
                outcome = Err(error);
            }
        }
        outcome
    }

    async fn load_keys(&self, tenant: &Tenant) -> Result<(), KeyError> {
        let IdentityParts { store, master_key, keyring, clock, .. } = &self.parts;
        keys::load(store, master_key, keyring, tenant, clock.now()).await
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Logs when trouble begins and when it ends, not each time it is met.
#[derive(Debug, Default)]
struct Trouble {
    present: bool,
}

impl Trouble {
    fn now(&mut self, error: &(dyn std::error::Error + 'static), what: &'static str) {
        if !std::mem::replace(&mut self.present, true) {
            tracing::warn!(error, "{what}");
        }
    }

    fn over(&mut self, what: &'static str) {
        if std::mem::take(&mut self.present) {
            tracing::info!("{what}");
        }
    }
}
