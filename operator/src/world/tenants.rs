//! Tenants, found by name, by host and by domain.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use confab_crds::ChatTenant;
use confab_crds::tenant::PlacementMode;
use kube::runtime::watcher::Event;

use super::{Change, Key, Replica};

/// All tenants.
#[derive(Debug)]
pub(super) struct Tenants {
    objects: Replica<ChatTenant>,
    default_host: Option<Key>,
    guests: Index<Key>,
    domains: Index<String>,
    /// Tenants that are gone and have not been reconciled since: where their rows are must still be told.
    gone: HashMap<Key, Arc<ChatTenant>>,
}

impl Tenants {
    pub(super) fn new(watches: usize, default_host: Option<Key>) -> Self {
        Self {
            objects: Replica::new(watches),
            default_host,
            guests: Index::default(),
            domains: Index::default(),
            gone: HashMap::new(),
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.objects.is_complete()
    }

    pub(super) fn len(&self) -> usize {
        self.objects.len()
    }

    pub(super) fn default_host(&self) -> Option<&Key> {
        self.default_host.as_ref()
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<ChatTenant>> {
        self.objects.get(key)
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        self.objects.iter().map(|(key, _)| key.clone()).collect()
    }

    pub(super) fn take_gone(&mut self, key: &Key) -> Option<Arc<ChatTenant>> {
        self.gone.remove(key)
    }

    pub(super) fn guests(&self, host: &Key) -> Vec<Key> {
        self.guests.of(host)
    }

    /// The claimants of a domain, the oldest first; of two of the same second the one whose name comes first.
    pub(super) fn claims(&self, domain: &str) -> Vec<Key> {
        let mut claims = self.domains.of(domain);
        claims.sort_by_cached_key(|key| {
            let created = self.objects.get(key).and_then(|tenant| tenant.metadata.creation_timestamp.clone());
            (created.map(|time| time.0), key.clone())
        });
        claims
    }

    /// Takes an event and returns who has to be reconciled: the tenant itself, its guests where it changed as a host, and
    /// others that claim a domain which is free now.
    pub(super) fn take(&mut self, watch: usize, event: Event<(Key, ChatTenant)>) -> Vec<Key> {
        let changes = self.objects.take(watch, event);
        changes.into_iter().flat_map(|change| self.follow(&change)).collect()
    }

    fn follow(&mut self, change: &Change<ChatTenant>) -> Vec<Key> {
        let (before, now) = (change.before.as_deref(), change.now.as_deref());
        let Some(key) = now.or(before).map(key_of) else { return Vec::new() };
        self.reindex(&key, before, now);
        match (&change.before, now) {
            (Some(before), None) => drop(self.gone.insert(key.clone(), Arc::clone(before))),
            _ => drop(self.gone.remove(&key)),
        }
        let mut touched = Vec::new();
        if is_news(before, now) {
            touched.push(key.clone());
        }
        if as_host(before) != as_host(now) {
            touched.extend(self.guests.of(&key));
        }
        if let Some(before) = before
            && now.is_none_or(|now| now.spec.domain != before.spec.domain)
        {
            touched.extend(self.domains.of(&before.spec.domain));
        }
        touched
    }

    fn reindex(&mut self, key: &Key, before: Option<&ChatTenant>, now: Option<&ChatTenant>) {
        let host = |tenant: &ChatTenant| host_of(tenant, self.default_host.as_ref());
        let (old, new) = (before.and_then(host), now.and_then(host));
        self.guests.move_to(key, old.as_ref(), new);
        let domain = |tenant: &ChatTenant| tenant.spec.domain.clone();
        self.domains.move_to(key, before.map(domain).as_ref(), now.map(domain));
    }
}

/// Whose guest a Shared tenant is: of the host that it names; else of the one that has its rows, as its status says; else of the
/// default. `None` for a tenant with pods of its own, and where there is no default.
pub fn host_of(tenant: &ChatTenant, default_host: Option<&Key>) -> Option<Key> {
    let placement = tenant.spec.placement.as_ref();
    if placement.and_then(|placement| placement.mode) == Some(PlacementMode::Dedicated) {
        return None;
    }
    match placement.and_then(|placement| placement.host_ref.as_ref()) {
        None => of_status(tenant).or_else(|| default_host.cloned()),
        Some(host) => {
            let own = || tenant.metadata.namespace.clone().unwrap_or_default();
            Some(Key { namespace: host.namespace.clone().unwrap_or_else(own), name: host.name.clone() })
        }
    }
}

/// Another default does not move rows.
fn of_status(tenant: &ChatTenant) -> Option<Key> {
    let (namespace, name) = tenant.status.as_ref()?.host.as_ref()?.split_once('/')?;
    Some(Key { namespace: namespace.to_owned(), name: name.to_owned() })
}

/// A tenant's own key.
pub fn key_of(tenant: &ChatTenant) -> Key {
    Key {
        namespace: tenant.metadata.namespace.clone().unwrap_or_default(),
        name: tenant.metadata.name.clone().unwrap_or_default(),
    }
}

/// Whether there is something to reconcile. Our own writes of the status are none; somebody else's are.
fn is_news(before: Option<&ChatTenant>, now: Option<&ChatTenant>) -> bool {
    let (Some(before), Some(now)) = (before, now) else { return true };
    let (was, is) = (&before.metadata, &now.metadata);
    was.uid != is.uid
        || was.generation != is.generation
        || was.deletion_timestamp != is.deletion_timestamp
        || was.annotations != is.annotations
        || was.finalizers != is.finalizers
        || before.status != now.status
}

/// What guests need to know of their host.
fn as_host(tenant: Option<&ChatTenant>) -> Option<(bool, bool, Option<i64>)> {
    let tenant = tenant?;
    let conditions = tenant.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let ready = conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True");
    Some((ready, tenant.metadata.deletion_timestamp.is_some(), tenant.metadata.generation))
}

/// Keys by something they have in common.
#[derive(Debug)]
struct Index<T>(HashMap<T, BTreeSet<Key>>);

impl<T> Default for Index<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Eq + Hash> Index<T> {
    fn of<Q>(&self, value: &Q) -> Vec<Key>
    where
        T: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.0.get(value).into_iter().flatten().cloned().collect()
    }

    fn move_to(&mut self, key: &Key, old: Option<&T>, new: Option<T>) {
        if old == new.as_ref() {
            return;
        }
        if let Some(old) = old
            && let Some(keys) = self.0.get_mut(old)
        {
            keys.remove(key);
            if keys.is_empty() {
                self.0.remove(old);
            }
        }
        if let Some(new) = new {
            self.0.entry(new).or_default().insert(key.clone());
        }
    }
}

#[cfg(test)]
mod tests;
