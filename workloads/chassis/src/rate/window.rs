//! The arithmetic of a fixed window that begins with its first request. Pure.

use confab_contract::Timestamp;
use confab_contract::config::tenant::RateLimit;

/// What was taken so far, and until when that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// From when on it does not count any more.
    pub ends: Timestamp,
    /// How much was taken.
    pub used: u32,
}

/// The result of taking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Whether it fitted. What does not fit takes nothing.
    pub allowed: bool,
    /// The window afterwards.
    pub window: Window,
}

/// Takes `cost` at the moment `now`.
#[must_use]
pub fn take(window: Option<Window>, limit: RateLimit, cost: u32, now: Timestamp) -> Taken {
    let length = i64::from(limit.per_seconds) * 1000;
    // A window that ends later than one could that began now is of an older, longer setting.
    let current = window.filter(|window| now < window.ends && window.ends.millis_since(now) <= length);
    let window = current.unwrap_or(Window { ends: now.plus_millis(length), used: 0 });
    match window.used.checked_add(cost) {
        Some(used) if used <= limit.requests => Taken { allowed: true, window: Window { used, ..window } },
        _ => Taken { allowed: false, window },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: RateLimit = RateLimit { requests: 5, per_seconds: 60 };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    /// Takes one at each moment and tells which were allowed.
    fn allowed(moments: impl IntoIterator<Item = i64>) -> Vec<bool> {
        let mut window = None;
        let mut allowed = Vec::new();
        for moment in moments {
            let taken = take(window, LIMIT, 1, at(moment));
            window = Some(taken.window);
            allowed.push(taken.allowed);
        }
        allowed
    }

    #[test]
    fn the_sixth_request_in_a_minute_is_refused() {
        assert_eq!(allowed(0..7), [true, true, true, true, true, false, false]);
    }

    #[test]
    fn the_window_begins_with_its_first_request_and_ends_on_time() {
        assert_eq!(allowed([0, 1, 2, 3, 4, 59_999, 60_000]), [true, true, true, true, true, false, true]);
    }

    #[test]
    fn what_does_not_fit_takes_nothing() {
        let first = take(None, LIMIT, 4, at(0));
        let second = take(Some(first.window), LIMIT, 2, at(1));
        assert!(first.allowed && !second.allowed);
        assert!(take(Some(second.window), LIMIT, 1, at(2)).allowed);
    }

    #[test]
    fn a_shorter_setting_counts_at_once() {
        let long = RateLimit { requests: 1, per_seconds: 3600 };
        let window = take(None, long, 1, at(0)).window;
        assert!(take(Some(window), LIMIT, 1, at(1)).allowed);
    }

    proptest! {
        #[test]
        fn no_window_ever_holds_more_than_the_limit(costs in prop::collection::vec((0u32..8, 0i64..20_000), 1..200)) {
            let (mut window, mut now, mut taken_by_window) = (None, 0, std::collections::BTreeMap::new());
            for (cost, step) in costs {
                now += step;
                let taken = take(window, LIMIT, cost, at(now));
                prop_assert!(taken.window.used <= LIMIT.requests && taken.window.ends > at(now));
                if taken.allowed {
                    *taken_by_window.entry(taken.window.ends).or_insert(0) += cost;
                }
                window = Some(taken.window);
            }
            prop_assert!(taken_by_window.values().all(|sum| *sum <= LIMIT.requests));
        }
    }
}
