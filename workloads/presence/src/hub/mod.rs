//! Who gets what. One hub per process, with a part for each tenant.
//!
//! **Delivery in a process is gap-free and in order per conversation**: a [`feed`] emits event `n + 1` only after `n`, and
//! reads from the store what the bus has lost ([`healing`]). A connection attaches at a `seq` that it is known to have;
//! whoever is farther back is first replayed the rest from the store. The tail of the store's changes
//! ([`crate::tasks::tail`]) finds what no announcement came for.
//!
//! Locks, in the order in which they may be taken: the map of feeds, a feed, then people, books and mailboxes.

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
use std::sync::{Arc, RwLock};

use confab_contract::TenantId;

use self::tenant::TenantHub;
use crate::parts::Core;

/// The hubs of all tenants that anybody has connected to.
#[derive(Debug)]
pub struct Hub {
    core: Arc<Core>,
    tenants: RwLock<HashMap<TenantId, Arc<TenantHub>>>,
}

impl Hub {
    /// An empty hub.
    pub fn new(core: Arc<Core>) -> Self {
        Self { core, tenants: RwLock::default() }
    }

    /// A tenant's hub, if anybody has ever connected to it here.
    pub fn get(&self, tenant: &TenantId) -> Option<Arc<TenantHub>> {
        self.tenants.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(tenant).cloned()
    }

    /// A tenant's hub; says whether it is new, so that the bus must watch the tenant.
    pub fn get_or_make(&self, tenant: &TenantId) -> (Arc<TenantHub>, bool) {
        if let Some(hub) = self.get(tenant) {
            return (hub, false);
        }
        let mut tenants = self.tenants.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut is_new = false;
        let hub = tenants.entry(tenant.clone()).or_insert_with(|| {
            is_new = true;
            Arc::new(TenantHub::new(tenant.clone(), Arc::clone(&self.core)))
        });
        (Arc::clone(hub), is_new)
    }

    /// All of them.
    pub fn all(&self) -> Vec<Arc<TenantHub>> {
        let tenants = self.tenants.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        tenants.values().cloned().collect()
    }
}
