//! Keeps keyring and revocations up to date for as long as the process lives.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use confab_chassis::background::Background;
use confab_chassis::bus::Bus;
use confab_chassis::clock::Clock;
use confab_chassis::seal::MasterKey;
use confab_chassis::tenant::{Tenant, Tenants};
use confab_chassis::token::{Keyring, Revocations};
use confab_contract::TenantId;
use confab_store::Store;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::keys::{self, KeyError};
use crate::schedule::Schedule;
use crate::{ended, hints, revoked};

/// How often revocations are read: with the query itself, a revocation is felt within a second.
const REVOCATIONS_EVERY: Duration = Duration::from_millis(500);
/// How often it is asked whose keys are due.
const DUE_EVERY: Duration = Duration::from_secs(1);
/// Tenants whose keys are read at once.
const AT_ONCE: usize = 500;
/// After the store did not answer.
const AGAIN_MILLIS: i64 = 2000;
/// After keys did not open: somebody has to mend that.
const UNUSABLE_AGAIN_MILLIS: i64 = 30_000;

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

/// Keeps a process's keys and revocations up to date. Cheap to clone; clones work together.
#[derive(Clone)]
pub struct IdentityFeed {
    parts: IdentityParts,
    schedule: Arc<Mutex<Schedule>>,
}

impl IdentityFeed {
    /// A feed that has not run yet.
    #[must_use]
    pub fn new(parts: IdentityParts) -> Self {
        Self { parts, schedule: Arc::default() }
    }

    /// Reads everything once: await it before the process becomes ready. It may be called again after a failure.
    pub async fn prime(&self) -> Result<(), KeyError> {
        self.load_keys(&self.parts.tenants.all()).await?;
        self.prime_revocations().await
    }

    /// Reads the sessions that ended before their tokens did.
    pub async fn prime_revocations(&self) -> Result<(), KeyError> {
        let IdentityParts { store, revocations, clock, .. } = &self.parts;
        revoked::read_since(store, revocations, revoked::beginning(clock.now())).await.map_err(KeyError::Revocations)
    }

    /// Reads the keys of these tenants, and makes those that are missing. One whose keys do not open is logged and tried
    /// again later; it must not keep the others waiting. Only when none of them has keys is that an error.
    pub async fn load_keys(&self, tenants: &[Arc<Tenant>]) -> Result<(), KeyError> {
        let IdentityParts { store, master_key, keyring, clock, .. } = &self.parts;
        let (mut trouble, mut is_any_loaded) = (None, false);
        for chunk in tenants.chunks(AT_ONCE) {
            let now = clock.now();
            let loaded = match keys::load(store, master_key, keyring, chunk, now).await {
                Ok(loaded) => loaded,
                Err(error) => {
                    let again = now.plus_millis(AGAIN_MILLIS);
                    self.schedule(|schedule| chunk.iter().for_each(|tenant| schedule.set(tenant.id(), again)));
                    return Err(error);
                }
            };
            for (tenant, outcome) in loaded {
                is_any_loaded |= outcome.is_ok();
                let next = outcome.unwrap_or_else(|error| {
                    tracing::error!(%tenant, error = &error as &dyn std::error::Error, "a tenant has no keys");
                    trouble = Some(error);
                    now.plus_millis(UNUSABLE_AGAIN_MILLIS)
                });
                self.schedule(|schedule| schedule.set(&tenant, next));
            }
        }
        match trouble {
            Some(error) if !is_any_loaded => Err(error),
            _ => Ok(()),
        }
    }

    fn schedule<R>(&self, with: impl FnOnce(&mut Schedule) -> R) -> R {
        with(&mut self.schedule.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs the feed as background tasks until they are stopped.
    pub fn spawn(&self, background: &Background) {
        let feed = self.clone();
        background.spawn("revocations", move |stop| feed.clone().follow_revocations(stop));
        let feed = self.clone();
        background.spawn("signing-keys", move |stop| feed.clone().follow_keys(stop));
        let IdentityParts { store, revocations, bus, clock, .. } = self.parts.clone();
        let (purged, time) = (store, clock.clone());
        background.spawn("ended-sessions", move |stop| ended::keep_purging(purged.clone(), time.clone(), stop));
        background.spawn("revocation-hints", move |stop| {
            hints::listen(bus.clone(), revocations.clone(), clock.clone(), stop)
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

    /// Looks at keys when they are due, and at once at those of a tenant that comes without any.
    async fn follow_keys(self, stop: CancellationToken) {
        let mut changes = self.parts.tenants.changes();
        // Whoever came before this task listened.
        self.expect_all();
        let mut ticks = interval(DUE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut trouble = Trouble::default();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
                change = changes.recv() => match change {
                    Ok(tenant) => {
                        self.expect(&tenant);
                        continue;
                    }
                    Err(RecvError::Lagged(_)) => self.expect_all(),
                    Err(RecvError::Closed) => return,
                },
            }
            match stop.run_until_cancelled(self.load_due()).await {
                Some(Ok(())) => trouble.over("signing keys are read again"),
                Some(Err(error)) => trouble.now(&error, "signing keys cannot be read"),
                None => return,
            }
        }
    }

    /// A tenant that was not loaded by whoever brought it is due at the next tick.
    fn expect(&self, tenant: &TenantId) {
        if self.parts.tenants.by_id(tenant).is_some_and(|tenant| tenant.is_served()) {
            let now = self.parts.clock.now();
            self.schedule(|schedule| schedule.ensure(tenant, now));
        }
    }

    fn expect_all(&self) {
        self.parts.tenants.all().iter().for_each(|tenant| self.expect(tenant.id()));
    }

    async fn load_due(&self) -> Result<(), KeyError> {
        let now = self.parts.clock.now();
        loop {
            let due = self.schedule(|schedule| schedule.take_due(now, AT_ONCE));
            if due.is_empty() {
                return Ok(());
            }
            let served = due.iter().filter_map(|tenant| self.parts.tenants.by_id(tenant));
            let served: Vec<Arc<Tenant>> = served.filter(|tenant| tenant.is_served()).collect();
            match self.load_keys(&served).await {
                // It has been logged, and is planned again.
                Ok(()) | Err(KeyError::Sealed { .. } | KeyError::NoGeneration { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
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
