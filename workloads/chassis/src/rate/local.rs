//! Windows in the memory of this process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use confab_contract::Timestamp;
use confab_contract::config::tenant::RateLimit;

use super::window::{self, Taken, Window};
use super::{Subject, SubjectHash};

const SHARDS: usize = 16;
/// Windows of one shard at most. A flood of made-up subjects forgets some windows early instead of filling the memory:
/// all together are 500,000 windows, about 30 MiB.
const SHARD_WINDOWS: usize = 32_768;

#[derive(Debug)]
pub(super) struct LocalWindows {
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Debug)]
struct Shard {
    windows: HashMap<SubjectHash, Window>,
    /// Windows that have ended are cleared away when there are this many; so clearing costs little per request.
    clear_at: usize,
}

impl LocalWindows {
    pub(super) fn new() -> Self {
        let shard = |_| Mutex::new(Shard { windows: HashMap::new(), clear_at: 256 });
        Self { shards: std::array::from_fn(shard) }
    }

    pub(super) fn take(&self, subject: &Subject<'_>, limit: RateLimit, cost: u32, now: Timestamp) -> Taken {
        let hash = subject.hash();
        let mut shard = self.shards[usize::from(hash[0]) % SHARDS].lock().unwrap_or_else(PoisonError::into_inner);
        let known = shard.windows.get(&hash).copied();
        if known.is_none() {
            shard.make_room(now);
        }
        let taken = window::take(known, limit, cost, now);
        shard.windows.insert(hash, taken.window);
        taken
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).windows.len()).sum()
    }
}

impl Shard {
    fn make_room(&mut self, now: Timestamp) {
        if self.windows.len() < self.clear_at {
            return;
        }
        self.windows.retain(|_, window| now < window.ends);
        if self.windows.len() >= SHARD_WINDOWS {
            let some: Vec<SubjectHash> = self.windows.keys().take(SHARD_WINDOWS / 8).copied().collect();
            for hash in some {
                self.windows.remove(&hash);
            }
        }
        self.clear_at = (self.windows.len() * 2).clamp(256, SHARD_WINDOWS);
    }
}

#[cfg(test)]
mod tests {
    use confab_contract::TenantId;

    use super::super::Class;
    use super::*;

    #[test]
    fn memory_stays_bounded_under_a_flood_of_subjects() {
        let tenant: TenantId = "a.b".parse().expect("an id");
        let windows = LocalWindows::new();
        let limit = RateLimit { requests: 1, per_seconds: 86_400 };
        for number in 0..SHARDS * SHARD_WINDOWS * 2 {
            let name = number.to_string();
            let subject = Subject { tenant: &tenant, class: Class::Authentication, name: &name };
            assert!(windows.take(&subject, limit, 1, Timestamp::from_millis(0)).allowed);
        }
        assert!(windows.len() <= SHARDS * SHARD_WINDOWS);
    }

    #[test]
    fn windows_that_have_ended_are_cleared_away() {
        let tenant: TenantId = "a.b".parse().expect("an id");
        let windows = LocalWindows::new();
        let limit = RateLimit { requests: 1, per_seconds: 1 };
        for number in 0..100_000 {
            let name = number.to_string();
            let subject = Subject { tenant: &tenant, class: Class::Regular, name: &name };
            assert!(windows.take(&subject, limit, 1, Timestamp::from_millis(number)).allowed);
        }
        assert!(windows.len() < 12_000, "{}", windows.len());
    }
}
