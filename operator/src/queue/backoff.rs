//! How long a failing object waits before it is tried again.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_mins(1);
/// Doubling beyond this is above [`LONGEST`] anyway.
const MOST_DOUBLINGS: u32 = 10;

/// Failures in a row, per object. One object's trouble slows no other.
#[derive(Debug)]
pub struct Backoff<K>(Mutex<HashMap<K, u32>>);

impl<K> Default for Backoff<K> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<K: Clone + Eq + Hash> Backoff<K> {
    /// Another failure: how long to wait, 100 ms doubling up to a minute. `jitter` in 0..1 stretches it by up to a fifth, so
    /// that objects which failed together do not come back together.
    pub fn failed(&self, key: &K, jitter: f64) -> Duration {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = failures.entry(key.clone()).or_default();
        let doublings = (*count).min(MOST_DOUBLINGS);
        *count = count.saturating_add(1);
        FIRST.saturating_mul(1 << doublings).min(LONGEST).mul_f64(1.0 + jitter.clamp(0.0, 1.0) / 5.0)
    }

    /// A success, or the object is gone.
    pub fn forget(&self, key: &K) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_a_minute_and_starts_anew_after_a_success() {
        let backoff = Backoff::default();
        let waits: Vec<_> = (0..12).map(|_| backoff.failed(&"a", 0.0).as_millis()).collect();
        assert_eq!(waits[..4], [100, 200, 400, 800]);
        assert_eq!(waits[11], 60_000);
        assert_eq!(backoff.failed(&"b", 0.0).as_millis(), 100);
        backoff.forget(&"a");
        assert_eq!(backoff.failed(&"a", 1.0).as_millis(), 120);
    }
}
