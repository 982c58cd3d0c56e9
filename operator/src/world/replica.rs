//! What is known of the objects of one kind: fed by watch events, without any I/O.
//!
//! A watch that breaks begins again with a list. What the list does not hold any more has been deleted meanwhile, and that
//! is found out at its end. Until the first list is complete nothing may be concluded from an object's absence.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use kube::runtime::watcher::Event;

/// Namespace and name of an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// What changed.
#[derive(Debug, Clone)]
pub struct Change<T> {
    /// What was known before.
    pub before: Option<Arc<T>>,
    /// What is known now; `None`: it was deleted.
    pub now: Option<Arc<T>>,
}

/// The objects of one kind, from one or several watches (one per namespace).
#[derive(Debug)]
pub struct Replica<T> {
    objects: HashMap<Key, Arc<T>>,
    watches: BTreeMap<usize, Watch>,
}

/// The state of one watch.
#[derive(Debug, Default)]
struct Watch {
    /// What the list that is being read has shown so far.
    listed: Option<HashSet<Key>>,
    complete: bool,
    /// What came from this watch.
    keys: HashSet<Key>,
}

impl<T> Replica<T> {
    /// Expects so many watches.
    pub fn new(watches: usize) -> Self {
        Self { objects: HashMap::new(), watches: (0..watches).map(|number| (number, Watch::default())).collect() }
    }

    /// Whether every watch has given its first list.
    pub fn is_complete(&self) -> bool {
        self.watches.values().all(|watch| watch.complete)
    }

    /// What is known of an object.
    pub fn get(&self, key: &Key) -> Option<Arc<T>> {
        self.objects.get(key).cloned()
    }

    /// Everything.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Arc<T>)> {
        self.objects.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Takes an event of one watch and says what changed by it.
    pub fn take(&mut self, watch: usize, event: Event<(Key, T)>) -> Vec<Change<T>> {
        let state = self.watches.entry(watch).or_default();
        match event {
            Event::Init => {
                state.listed = Some(HashSet::new());
                Vec::new()
            }
            Event::InitApply((key, object)) => {
                if let Some(listed) = &mut state.listed {
                    listed.insert(key.clone());
                }
                state.keys.insert(key.clone());
                vec![self.put(key, object)]
            }
            Event::InitDone => {
                state.complete = true;
                let listed = state.listed.take().unwrap_or_default();
                let gone: Vec<Key> = state.keys.difference(&listed).cloned().collect();
                state.keys = listed;
                gone.into_iter().filter_map(|key| self.remove(&key)).collect()
            }
            Event::Apply((key, object)) => {
                state.keys.insert(key.clone());
                vec![self.put(key, object)]
            }
            Event::Delete((key, _)) => {
                state.keys.remove(&key);
                self.remove(&key).into_iter().collect()
            }
        }
    }

    fn put(&mut self, key: Key, object: T) -> Change<T> {
        let now = Arc::new(object);
        let before = self.objects.insert(key, Arc::clone(&now));
        Change { before, now: Some(now) }
    }

    fn remove(&mut self, key: &Key) -> Option<Change<T>> {
        self.objects.remove(key).map(|before| Change { before: Some(before), now: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        Key { namespace: "n".to_owned(), name: name.to_owned() }
    }

    fn feed(replica: &mut Replica<u8>, watch: usize, events: Vec<Event<(Key, u8)>>) -> Vec<(Option<u8>, Option<u8>)> {
        let changes = events.into_iter().flat_map(|event| replica.take(watch, event));
        changes.map(|change| (change.before.as_deref().copied(), change.now.as_deref().copied())).collect()
    }

    #[test]
    fn it_is_complete_when_every_watch_has_given_its_list() {
        let mut replica = Replica::new(2);
        feed(&mut replica, 0, vec![Event::Init, Event::InitApply((key("a"), 1)), Event::InitDone]);
        assert!(!replica.is_complete());
        feed(&mut replica, 1, vec![Event::Init, Event::InitDone]);
        assert!(replica.is_complete());
    }

    #[test]
    fn what_a_second_list_does_not_hold_was_deleted_meanwhile() {
        let mut replica = Replica::new(1);
        feed(
            &mut replica,
            0,
            vec![Event::Init, Event::InitApply((key("a"), 1)), Event::InitApply((key("b"), 1)), Event::InitDone],
        );
        let changes = feed(&mut replica, 0, vec![Event::Init, Event::InitApply((key("b"), 2))]);
        assert_eq!(changes, [(Some(1), Some(2))]);
        assert!(replica.get(&key("a")).is_some(), "until the list is complete nothing is concluded from it");
        assert_eq!(feed(&mut replica, 0, vec![Event::InitDone]), [(Some(1), None)]);
        assert!(replica.get(&key("a")).is_none() && replica.is_complete());
    }

    #[test]
    fn a_list_of_one_watch_says_nothing_about_another() {
        let mut replica = Replica::new(2);
        feed(&mut replica, 0, vec![Event::Init, Event::InitApply((key("a"), 1)), Event::InitDone]);
        feed(&mut replica, 1, vec![Event::Init, Event::InitDone]);
        assert_eq!(replica.len(), 1);
    }

    #[test]
    fn deleting_what_is_not_known_changes_nothing() {
        let mut replica = Replica::<u8>::new(1);
        assert!(feed(&mut replica, 0, vec![Event::Delete((key("a"), 1))]).is_empty());
    }
}
