//! Objects of one kind that belong to tenants, found by tenant.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use confab_desired::names::INSTANCE;
use kube::runtime::watcher::Event;
use serde_json::Value;

use super::{Key, Replica};

/// Objects of one kind.
#[derive(Debug)]
pub(super) struct Children {
    objects: Replica<Value>,
    by_tenant: HashMap<Key, BTreeSet<Key>>,
}

impl Children {
    pub(super) fn new(watches: usize) -> Self {
        Self { objects: Replica::new(watches), by_tenant: HashMap::new() }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.objects.is_complete()
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<Value>> {
        self.objects.get(key)
    }

    /// The objects with the label of this tenant.
    pub(super) fn of(&self, tenant: &Key) -> Vec<Arc<Value>> {
        let keys = self.by_tenant.get(tenant);
        keys.into_iter().flatten().filter_map(|key| self.objects.get(key)).collect()
    }

    /// Takes an event and returns whose objects changed.
    pub(super) fn take(&mut self, watch: usize, event: Event<(Key, Value)>) -> Vec<Key> {
        let mut touched = Vec::new();
        for change in self.objects.take(watch, event) {
            if same_version(change.before.as_deref(), change.now.as_deref()) {
                continue;
            }
            if let Some((object, tenant)) = change.before.as_deref().and_then(whose) {
                self.forget(&tenant, &object);
                touched.push(tenant);
            }
            if let Some((object, tenant)) = change.now.as_deref().and_then(whose) {
                self.by_tenant.entry(tenant.clone()).or_default().insert(object);
                if touched.last() != Some(&tenant) {
                    touched.push(tenant);
                }
            }
        }
        touched
    }

    fn forget(&mut self, tenant: &Key, object: &Key) {
        if let Some(objects) = self.by_tenant.get_mut(tenant) {
            objects.remove(object);
            if objects.is_empty() {
                self.by_tenant.remove(tenant);
            }
        }
    }
}

/// A list that begins anew shows what is known already.
fn same_version(before: Option<&Value>, now: Option<&Value>) -> bool {
    let version = |object: Option<&Value>| {
        object.and_then(|object| object["metadata"]["resourceVersion"].as_str().map(str::to_owned))
    };
    before.is_some() && now.is_some() && version(before).is_some() && version(before) == version(now)
}

/// The object's own key, and its tenant's.
fn whose(object: &Value) -> Option<(Key, Key)> {
    let metadata = &object["metadata"];
    let namespace = metadata["namespace"].as_str()?;
    let key = |name: &str| Key { namespace: namespace.to_owned(), name: name.to_owned() };
    Some((key(metadata["name"].as_str()?), key(metadata["labels"][INSTANCE].as_str()?)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(name: &str) -> Key {
        Key { namespace: "n".to_owned(), name: name.to_owned() }
    }

    fn object(name: &str, tenant: &str, version: &str) -> (Key, Value) {
        let labels = json!({ INSTANCE: tenant });
        let metadata = json!({"name": name, "namespace": "n", "labels": labels, "resourceVersion": version});
        (key(name), json!({ "metadata": metadata }))
    }

    #[test]
    fn objects_are_found_by_their_tenant_also_when_their_label_changes() {
        let mut children = Children::new(1);
        assert_eq!(children.take(0, Event::Apply(object("x", "a", "1"))), [key("a")]);
        assert_eq!(children.of(&key("a")).len(), 1);
        assert_eq!(children.take(0, Event::Apply(object("x", "b", "2"))), [key("a"), key("b")]);
        assert!(children.of(&key("a")).is_empty() && children.of(&key("b")).len() == 1);
        assert_eq!(children.take(0, Event::Delete(object("x", "b", "3"))), [key("b")]);
        assert!(children.of(&key("b")).is_empty());
    }

    #[test]
    fn a_list_that_shows_what_is_known_wakes_nobody() {
        let mut children = Children::new(1);
        children.take(0, Event::Apply(object("x", "a", "1")));
        assert!(children.take(0, Event::Init).is_empty());
        assert!(children.take(0, Event::InitApply(object("x", "a", "1"))).is_empty());
        assert_eq!(children.take(0, Event::InitApply(object("x", "a", "2"))), [key("a")]);
    }
}
