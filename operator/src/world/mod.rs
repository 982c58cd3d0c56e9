//! What this operator knows of the cluster: tenants, and the objects that belong to them, kept by watches.
//!
//! Reading it costs no request. It may lag behind the API server; whatever is decided from it is checked again by the server
//! (server-side apply, resource versions) or by the next reconcile.

mod children;
mod replica;
mod tenants;
pub mod watch;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use confab_crds::ChatTenant;
use confab_desired::Kind;
use kube::runtime::watcher::Event;
use serde_json::Value;

use children::Children;
pub use replica::{Change, Key, Replica};
use tenants::Tenants;
pub use tenants::{host_of, key_of};

/// What is known. Cheap to clone.
#[derive(Clone)]
pub struct World(Arc<Mutex<State>>);

struct State {
    tenants: Tenants,
    children: BTreeMap<Kind, Children>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("tenants", &self.state().tenants.len()).finish_non_exhaustive()
    }
}

impl World {
    /// Nothing is known yet. `watches` is how many watches there are of each kind: one per namespace, or one for all.
    /// Guests without a `hostRef` belong to `default_host`.
    pub fn new(watches: usize, default_host: Option<Key>) -> Self {
        let state = State { tenants: Tenants::new(watches, default_host), children: BTreeMap::new() };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Expects events of this kind from so many watches, from now on.
    pub fn expect(&self, kind: Kind, watches: usize) {
        self.state().children.entry(kind).or_insert_with(|| Children::new(watches));
    }

    /// Whether every watch has given its first list.
    pub fn is_complete(&self) -> bool {
        let state = self.state();
        state.tenants.is_complete() && state.children.values().all(Children::is_complete)
    }

    /// Takes an event about a tenant. Returns who has to be reconciled because of it.
    pub fn take_tenant(&self, watch: usize, event: Event<(Key, ChatTenant)>) -> Vec<Key> {
        self.state().tenants.take(watch, event)
    }

    /// Takes an event about another object. Returns who has to be reconciled because of it.
    pub fn take_child(&self, kind: Kind, watch: usize, event: Event<(Key, Value)>) -> Vec<Key> {
        self.state().children.get_mut(&kind).map(|children| children.take(watch, event)).unwrap_or_default()
    }

    /// A tenant.
    pub fn tenant(&self, key: &Key) -> Option<Arc<ChatTenant>> {
        self.state().tenants.get(key)
    }

    /// A tenant that is gone, as it was last seen; once.
    pub fn take_gone(&self, key: &Key) -> Option<Arc<ChatTenant>> {
        self.state().tenants.take_gone(key)
    }

    /// Every tenant's key.
    pub fn tenants(&self) -> Vec<Key> {
        self.state().tenants.keys()
    }

    /// The tenants whose host this is, as far as their specs say.
    pub fn guests(&self, host: &Key) -> Vec<Key> {
        self.state().tenants.guests(host)
    }

    /// Who else has this domain, the oldest first.
    pub fn claims(&self, domain: &str) -> Vec<Key> {
        self.state().tenants.claims(domain)
    }

    /// Where a guest without `hostRef` lives.
    pub fn default_host(&self) -> Option<Key> {
        self.state().tenants.default_host().cloned()
    }

    /// An object, if it carries our label.
    pub fn child(&self, kind: Kind, key: &Key) -> Option<Arc<Value>> {
        self.state().children.get(&kind).and_then(|children| children.get(key))
    }

    /// Everything that carries the label of this tenant, of every watched kind.
    pub fn children(&self, tenant: &Key) -> Vec<(Kind, Arc<Value>)> {
        let state = self.state();
        let of_kind = |(kind, children): (&Kind, &Children)| {
            children.of(tenant).into_iter().map(|child| (*kind, child)).collect::<Vec<_>>()
        };
        state.children.iter().flat_map(of_kind).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
