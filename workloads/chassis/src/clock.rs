//! The time of day, passed in so that tests can turn it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use confab_contract::Timestamp;

/// Tells the time: the machine's, or one that a test turns by hand.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until its other half turns it.
    #[must_use]
    pub fn manual(start: Timestamp) -> (Self, ManualClock) {
        let millis = Arc::new(AtomicI64::new(start.as_millis()));
        (Self(Source::Manual(Arc::clone(&millis))), ManualClock(millis))
    }

    /// This moment.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => {
                // A clock before 1970 is a broken machine; `confab doctor` says so.
                #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else is to use")]
                let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
            }
            Source::Manual(millis) => Timestamp::from_millis(millis.load(Ordering::SeqCst)),
        }
    }
}

/// Turns a manual [`Clock`].
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// Turns the clock on by so many milliseconds, or back when negative.
    pub fn advance(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Sets the clock.
    pub fn set(&self, moment: Timestamp) {
        self.0.store(moment.as_millis(), Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_by_hand() {
        let (clock, hand) = Clock::manual(Timestamp::from_millis(1000));
        let copy = clock.clone();
        hand.advance(500);
        assert_eq!((clock.now(), copy.now()), (Timestamp::from_millis(1500), Timestamp::from_millis(1500)));
    }
}
