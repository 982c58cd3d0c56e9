//! Who gets what. One hub per process, with a part for each tenant.
//!
//! **Delivery in a process is gap-free and in order per conversation**: a [`feed`] emits event `n + 1` only after `n`, and
//! reads from the store what the bus has lost ([`healing`]). A connection attaches at a `seq` that it is known to have;
//! whoever is farther back is first replayed the rest from the store. The tail of the store's changes
//! ([`crate::tasks::tail`]) finds what no announcement came for.
//!
//! Locks, in the order in which they may be taken: the map of hubs, the map of feeds, a feed, then people, books and
//! mailboxes, and whatever else a hub has.

pub mod announced;
pub mod feed;
pub mod healing;
pub mod people;
pub mod permits;
pub mod progress;
pub mod receipts;
pub mod recent;
pub mod sequencer;
pub mod tenant;
pub mod typing;
pub mod watchers;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use confab_contract::TenantId;
use tokio::sync::watch;

use self::tenant::TenantHub;
use crate::parts::Core;
use crate::session::lock;

/// The hubs of all tenants to which anybody is connected, or was a moment ago. A tenant without one costs nothing here.
#[derive(Debug)]
pub struct Hub {
    core: Arc<Core>,
    tenants: RwLock<HashMap<TenantId, Arc<TenantHub>>>,
    /// What the bus task has not taken yet. Locked inside the map.
    news: Mutex<Vec<News>>,
    /// How many news there have been.
    told: watch::Sender<u64>,
}

/// A hub has come or gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The bus should watch the tenant.
    Begun(TenantId),
    /// The bus need not watch it any more.
    Ended(TenantId),
}

impl Hub {
    /// An empty hub.
    pub fn new(core: Arc<Core>) -> Self {
        Self { core, tenants: RwLock::default(), news: Mutex::default(), told: watch::Sender::new(0) }
    }

    /// A tenant's hub, if anybody is connected to it here.
    pub fn get(&self, tenant: &TenantId) -> Option<Arc<TenantHub>> {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned()
    }

    /// A tenant's hub. If it is new, also the number of the news that says so.
    pub fn get_or_make(&self, tenant: &TenantId) -> (Arc<TenantHub>, Option<u64>) {
        if let Some(hub) = self.get(tenant) {
            return (hub, None);
        }
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(hub) = tenants.get(tenant) {
            return (Arc::clone(hub), None);
        }
        let hub = Arc::new(TenantHub::new(tenant.clone(), Arc::clone(&self.core)));
        tenants.insert(tenant.clone(), Arc::clone(&hub));
        self.core.metrics.tenants.inc();
        (hub, Some(self.tell(News::Begun(tenant.clone()))))
    }

    /// Lets go of those hubs that nobody needs.
    pub fn retire_idle(&self) {
        for hub in self.all() {
            let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
            if hub.retire() {
                tenants.remove(&hub.tenant);
                self.core.metrics.tenants.dec();
                self.tell(News::Ended(hub.tenant.clone()));
            }
        }
    }

    /// All of them.
    pub fn all(&self) -> Vec<Arc<TenantHub>> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.values().cloned().collect()
    }

    /// What has come and gone since this was asked last, in order, and the number of the last news.
    pub fn take_news(&self) -> (Vec<News>, u64) {
        let mut news = lock(&self.news);
        (std::mem::take(&mut *news), *self.told.borrow())
    }

    /// Tells when there are news.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.told.subscribe()
    }

    fn tell(&self, what: News) -> u64 {
        let mut news = lock(&self.news);
        news.push(what);
        let number = *self.told.borrow() + 1;
        self.told.send_replace(number);
        number
    }
}
