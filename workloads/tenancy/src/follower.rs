//! Keeps the tenants of a process in step with the store.

mod looks;

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use confab_chassis::background::Background;
use confab_chassis::bus::{Bus, BusEvent};
use confab_chassis::tenant::{CannotTell, LookUp, Standing, Tenant, Tenants};
use confab_chassis::token::Keyring;
use confab_contract::TenantId;
use confab_contract::admin::TenantState;
use confab_contract::bus::Notice;
use confab_identity::{IdentityFeed, KeyError};
use confab_store::tenants::{self, FollowedTenant};
use confab_store::{Store, StoreError};
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;

use self::looks::Looks;

/// How often the store is looked at whatever the bus says.
const ANYWAY: Duration = Duration::from_secs(2);
/// Tenants read at once.
const PAGE: u32 = 500;

/// What a follower moves between.
#[derive(Clone)]
pub struct FollowerParts {
    /// From here.
    pub store: Store,
    /// To here.
    pub tenants: Tenants,
    /// Keys of those who are served; of others they are taken away.
    pub keyring: Keyring,
    /// Reads and makes them.
    pub identity: IdentityFeed,
    /// Tells of changes at once.
    pub bus: Bus,
}

/// Why tenants could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The store did not tell who they are.
    #[error("unable to read the tenants")]
    Store(#[from] StoreError),
    /// Their keys could not be read or made.
    #[error(transparent)]
    Keys(#[from] KeyError),
}

/// Keeps the tenants of a process in step with the store. Cheap to clone.
#[derive(Clone)]
pub struct Follower(Arc<Inner>);

struct Inner {
    parts: FollowerParts,
    /// Held by whoever reads.
    reading: Mutex<()>,
    /// Up to here everything is in the table.
    revision: AtomicU64,
    /// Who wants a look, and which looks have been.
    looks: Looks,
    /// Somebody is to be deleted.
    deleting: Notify,
}

impl Follower {
    /// A follower that has read nothing yet.
    #[must_use]
    pub fn new(parts: FollowerParts) -> Self {
        Self(Arc::new(Inner {
            parts,
            reading: Mutex::default(),
            revision: AtomicU64::new(0),
            looks: Looks::default(),
            deleting: Notify::new(),
        }))
    }

    /// Reads everybody: await it before the process becomes ready. It may be called again after a failure. That the keys of
    /// nobody can be used is one.
    pub async fn prime(&self) -> Result<(), FollowError> {
        {
            let _reading = self.0.reading.lock().await;
            let trouble = self.0.read_everything().await?;
            if let Some(error) = trouble.of_everybody() {
                return Err(error.into());
            }
        }
        let look_up: Arc<dyn LookUp> = self.0.clone();
        self.0.parts.tenants.look_up_with(Arc::downgrade(&look_up));
        Ok(())
    }

    /// Returns when everything that was stored before the call is in the table, with the keys that it needs. Calls at the
    /// same time share a look.
    pub async fn catch_up(&self) -> Result<(), FollowError> {
        self.0.catch_up().await
    }

    /// Up to here everything is in the table.
    pub fn revision(&self) -> u64 {
        self.0.revision.load(Ordering::SeqCst)
    }

    /// Follows as a background task until it is stopped.
    pub fn spawn(&self, background: &Background) {
        let follower = self.clone();
        background.spawn("tenants", move |stop| follower.clone().follow(stop));
    }

    /// Waits until somebody is seen who is to be deleted.
    pub(crate) async fn sees_deleting(&self) {
        self.0.deleting.notified().await;
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.parts.store
    }

    async fn follow(self, stop: CancellationToken) {
        let mut subscription = self.0.parts.bus.subscribe();
        let mut is_well = true;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(ANYWAY) => {}
                event = subscription.recv() => if !self.is_news(&event) {
                    continue;
                },
            }
            match stop.run_until_cancelled(self.catch_up()).await {
                Some(Ok(())) if !is_well => tracing::info!("tenants are followed again"),
                Some(Err(error)) if is_well => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "tenants cannot be followed");
                }
                Some(_) => {}
                None => return,
            }
            is_well = self.0.looks.was_last_one_well();
        }
    }

    fn is_news(&self, event: &BusEvent) -> bool {
        match event {
            BusEvent::Message(message) => match message.notice {
                Notice::TenantsChanged { revision } => revision > self.0.revision.load(Ordering::SeqCst),
                _ => false,
            },
            BusEvent::Lagged | BusEvent::Up => true,
            BusEvent::Down => false,
        }
    }
}

/// Trouble with keys, while everybody is read.
#[derive(Debug, Default)]
struct Trouble {
    last: Option<KeyError>,
    is_any_well: bool,
}

impl Trouble {
    /// What everybody has; then it is the process that is wrong.
    fn of_everybody(self) -> Option<KeyError> {
        self.last.filter(|_| !self.is_any_well)
    }
}

impl LookUp for Inner {
    fn look_up(&self) -> Pin<Box<dyn Future<Output = Result<(), CannotTell>> + Send + '_>> {
        Box::pin(self.looks.look_up(async || self.catch_up().await))
    }
}

impl Inner {
    async fn catch_up(&self) -> Result<(), FollowError> {
        let ticket = self.looks.ticket();
        let _reading = self.reading.lock().await;
        if self.looks.has_been(ticket) {
            return Ok(());
        }
        let covers = self.looks.begin();
        let outcome = self.read_changes().await;
        self.looks.end(covers, outcome.is_ok());
        outcome
    }

    async fn read_changes(&self) -> Result<(), FollowError> {
        loop {
            let revision = self.revision.load(Ordering::SeqCst);
            let changes = tenants::changed_since(&self.parts.store, revision, PAGE).await?;
            if changes.is_incomplete {
                return self.read_everything().await.map(drop);
            }
            self.apply(changes.tenants, &mut Trouble::default()).await?;
            self.revision.store(changes.revision, Ordering::SeqCst);
            if !changes.has_more {
                return Ok(());
            }
        }
    }

    /// Begins anew. Whoever does not come is gone.
    async fn read_everything(&self) -> Result<Trouble, FollowError> {
        let (mut revision, mut seen, mut trouble) = (0, HashSet::new(), Trouble::default());
        loop {
            let changes = tenants::changed_since(&self.parts.store, revision, PAGE).await?;
            seen.extend(changes.tenants.iter().map(|tenant| tenant.id.clone()));
            self.apply(changes.tenants, &mut trouble).await?;
            revision = changes.revision;
            if !changes.has_more {
                break;
            }
        }
        for tenant in self.parts.tenants.all().iter().filter(|tenant| !seen.contains(tenant.id())) {
            self.forget(tenant.id());
        }
        self.revision.store(revision, Ordering::SeqCst);
        Ok(trouble)
    }

    /// Whoever is to be served has keys before the first request finds them.
    async fn apply(&self, changed: Vec<FollowedTenant>, trouble: &mut Trouble) -> Result<(), FollowError> {
        let (mut present, mut removed) = (Vec::new(), Vec::new());
        for tenant in changed {
            if tenant.state == TenantState::Deleting {
                self.deleting.notify_one();
            }
            match (standing(tenant.state), tenant.config) {
                (None, _) => removed.push(tenant.id),
                (Some(standing), Some(config)) => present.push(Arc::new(Tenant::standing(config, standing))),
                // Those who are served go on with the settings that are known.
                (Some(_), None) => tracing::error!(
                    tenant = %tenant.id, generation = tenant.generation,
                    "settings of a tenant were written by a newer version and cannot be read"
                ),
            }
        }
        let served: Vec<Arc<Tenant>> = present.iter().filter(|tenant| tenant.is_served()).cloned().collect();
        match self.parts.identity.load_keys(&served).await {
            Ok(()) => trouble.is_any_well |= !served.is_empty(),
            // It has been logged and is tried again; who has no keys cannot sign anybody in, and all else goes on.
            Err(error @ (KeyError::Sealed { .. } | KeyError::NoGeneration { .. })) => trouble.last = Some(error),
            Err(error) => return Err(error.into()),
        }
        for tenant in &present {
            self.parts.tenants.put(tenant);
        }
        for tenant in &removed {
            self.forget(tenant);
        }
        Ok(())
    }

    fn forget(&self, tenant: &TenantId) {
        self.parts.tenants.remove(tenant);
        self.parts.keyring.remove(tenant);
    }
}

/// How a tenant's requests are answered; `None`: as those of somebody unknown.
const fn standing(state: TenantState) -> Option<Standing> {
    match state {
        TenantState::Serving => Some(Standing::Serving),
        TenantState::Hibernated => Some(Standing::Hibernated),
        TenantState::NotAllowed => Some(Standing::NotAllowed),
        TenantState::Retained | TenantState::Deleting | TenantState::Gone => None,
    }
}
