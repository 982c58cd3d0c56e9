//! A map that many read and few change, at any size: a change costs what it changes, and readers of other entries do not
//! wait for it.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A power of two. Each shard is a small allocation of its own, so that growing copies a part only.
const SHARDS: usize = 32;

/// A map in shards, each behind a lock that is held for one look or one change.
#[derive(Debug)]
pub(crate) struct Sharded<K, V> {
    shards: [RwLock<HashMap<K, V>>; SHARDS],
    hasher: RandomState,
}

impl<K, V> Default for Sharded<K, V> {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| RwLock::default()), hasher: RandomState::new() }
    }
}

impl<K: Hash + Eq, V> Sharded<K, V> {
    /// A copy of the value, which should be a cheap one.
    pub(crate) fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        V: Clone,
    {
        self.read(self.shard(key)).get(key).cloned()
    }

    /// Sets a value; returns the one before.
    pub(crate) fn insert(&self, key: K, value: V) -> Option<V> {
        self.write(self.shard(&key)).insert(key, value)
    }

    /// Removes an entry if its value is the one that is meant.
    pub(crate) fn remove_if<Q>(&self, key: &Q, is_meant: impl FnOnce(&V) -> bool) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut shard = self.write(self.shard(key));
        if !shard.get(key).is_some_and(is_meant) {
            return None;
        }
        let removed = shard.remove(key);
        // After many have gone their room is given back.
        if shard.capacity() > 64 && shard.len() < shard.capacity() / 4 {
            shard.shrink_to_fit();
        }
        removed
    }

    /// Every value. It is not cheap.
    pub(crate) fn values(&self) -> Vec<V>
    where
        V: Clone,
    {
        (0..SHARDS).flat_map(|index| self.read(index).values().cloned().collect::<Vec<_>>()).collect()
    }

    fn shard<Q: Hash + ?Sized>(&self, key: &Q) -> usize {
        // The upper bits: the lower ones choose the place inside the shard.
        let hash = self.hasher.hash_one(key) >> 32;
        usize::try_from(hash).unwrap_or_default() % SHARDS
    }

    fn read(&self, index: usize) -> RwLockReadGuard<'_, HashMap<K, V>> {
        self.shards[index].read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, index: usize) -> RwLockWriteGuard<'_, HashMap<K, V>> {
        self.shards[index].write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_is_found_until_it_is_taken_out() {
        let map: Sharded<String, u32> = Sharded::default();
        for number in 0..1000 {
            assert_eq!(map.insert(number.to_string(), number), None);
        }
        assert_eq!(map.insert("7".to_owned(), 70), Some(7));
        assert_eq!((map.get("7"), map.get("999"), map.get("1000")), (Some(70), Some(999), None));
        assert_eq!(map.values().len(), 1000);
        assert_eq!(map.remove_if("7", |value| *value == 7), None, "it is another by now");
        for number in 0..1000 {
            assert!(map.remove_if(number.to_string().as_str(), |_| true).is_some());
        }
        assert!(map.values().is_empty() && map.get("7").is_none());
    }
}
