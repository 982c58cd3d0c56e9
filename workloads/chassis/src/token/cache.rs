//! Tokens that were verified, so that the signature of each is computed once. Bounded, in shards, and without the tokens
//! themselves: the key is their SHA-256.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::digest;
use confab_contract::Timestamp;

use super::Claims;

/// A power of two, so that a shard is chosen by some bits of the hash.
const SHARDS: usize = 16;
/// Each shard holds two generations of at most this many; all together are some 130,000 tokens, about 30 MiB.
const GENERATION: usize = 4096;

pub(super) type TokenHash = [u8; 32];

pub(super) fn hash(token: &str) -> TokenHash {
    digest::digest(&digest::SHA256, token.as_bytes()).as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

/// What was found out about a token.
#[derive(Debug, Clone)]
pub(super) struct Verified {
    pub(super) claims: Arc<Claims>,
    /// When the key that signed it ends to verify.
    pub(super) key_expires_at: Timestamp,
    /// That of the tenant's keys when it was verified.
    pub(super) epoch: u64,
}

/// Two generations: when the young one is full it becomes the old one, and the old one is forgotten. What is asked for is
/// brought into the young one. So everything in use stays, without a list of uses.
#[derive(Debug, Default)]
struct Shard {
    young: HashMap<TokenHash, Verified>,
    old: HashMap<TokenHash, Verified>,
}

#[derive(Debug)]
pub(super) struct Cache {
    shards: [RwLock<Shard>; SHARDS],
}

impl Cache {
    pub(super) fn new() -> Self {
        Self { shards: std::array::from_fn(|_| RwLock::default()) }
    }

    pub(super) fn get(&self, hash: &TokenHash) -> Option<Verified> {
        let shard = self.shard(hash);
        let aged = {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(verified) = shard.young.get(hash) {
                return Some(verified.clone());
            }
            shard.old.get(hash).cloned()?
        };
        self.insert(*hash, aged.clone());
        Some(aged)
    }

    pub(super) fn insert(&self, hash: TokenHash, verified: Verified) {
        let mut shard = self.shard(&hash).write().unwrap_or_else(PoisonError::into_inner);
        if shard.young.len() >= GENERATION && !shard.young.contains_key(&hash) {
            shard.old = std::mem::take(&mut shard.young);
        }
        shard.young.insert(hash, verified);
    }

    pub(super) fn remove(&self, hash: &TokenHash) {
        let mut shard = self.shard(hash).write().unwrap_or_else(PoisonError::into_inner);
        shard.young.remove(hash);
        shard.old.remove(hash);
    }

    fn shard(&self, hash: &TokenHash) -> &RwLock<Shard> {
        &self.shards[usize::from(hash[0]) % SHARDS]
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        let count = |shard: &RwLock<Shard>| {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            shard.young.len() + shard.old.len()
        };
        self.shards.iter().map(count).sum()
    }
}

#[cfg(test)]
mod tests {
    use confab_contract::{SessionId, UserId};

    use super::*;

    fn verified() -> Verified {
        let moment = Timestamp::from_millis(1);
        let claims = Claims {
            iss: "https://a".into(),
            sub: UserId::generate(),
            tid: "a.b".parse().expect("an id"),
            sid: SessionId::generate(),
            iat: moment,
            nbf: moment,
            exp: moment,
        };
        Verified { claims: Arc::new(claims), key_expires_at: moment, epoch: 0 }
    }

    #[test]
    fn it_stays_bounded_and_keeps_what_is_in_use() {
        let (cache, verified) = (Cache::new(), verified());
        let favourite = hash("favourite");
        cache.insert(favourite, verified.clone());
        for number in 0..SHARDS * GENERATION * 4 {
            cache.insert(hash(&number.to_string()), verified.clone());
            if number % 1000 == 0 {
                assert!(cache.get(&favourite).is_some(), "lost after {number}");
            }
        }
        assert!(cache.len() <= SHARDS * GENERATION * 2);
    }
}
