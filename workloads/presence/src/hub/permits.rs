//! Frames that a person may still send, taken from the shared limiter several at a time. Pure.
//!
//! The limit holds over all connections and processes, so the count lives in the shared limiter. Asking it for each
//! frame would cost a round trip to Redis each. So a process takes one, then two, and so on up to a tenth of the limit, and
//! spends them here, also over reconnects; what is not spent lapses with the window. A refusal is remembered too, so that
//! a refused client costs nothing more.

use std::sync::Arc;

use confab_contract::Timestamp;
use tokio::sync::Mutex;

/// The largest number taken at once.
const MOST_AT_ONCE: u32 = 10;

/// What one person may still send through this process.
#[derive(Debug, Default)]
pub struct Permits {
    left: u32,
    taken: u32,
    until: Timestamp,
    refused_until: Timestamp,
    turn: Option<Arc<Mutex<()>>>,
}

/// Whether a frame may pass.
#[derive(Debug, PartialEq, Eq)]
pub enum Spent {
    /// It may.
    Allowed,
    /// Not before this many seconds have passed.
    Refused(u32),
    /// Ask the limiter for this many.
    Ask(u32),
}

impl Permits {
    /// A frame came, where `limit` frames are allowed in a window.
    pub fn spend(&mut self, now: Timestamp, limit: u32) -> Spent {
        if now < self.until && self.left > 0 {
            self.left -= 1;
            return Spent::Allowed;
        }
        if now < self.refused_until {
            return Spent::Refused(seconds_until(self.refused_until, now));
        }
        // Who sends little leaves little unspent, whichever processes they send it through.
        let taken = if now < self.until { self.taken } else { 0 };
        Spent::Ask((taken * 2).clamp(1, (limit / 10).clamp(1, MOST_AT_ONCE)))
    }

    /// Whether there is nothing to remember, nor anybody who asks for more just now.
    pub fn is_over(&self, now: Timestamp) -> bool {
        let is_asking = self.turn.as_ref().is_some_and(|turn| Arc::strong_count(turn) > 1);
        now >= self.until && now >= self.refused_until && !is_asking
    }

    /// Held while asking the limiter, so that one connection of a person does not overlook what another is being given.
    pub fn turn(&mut self) -> Arc<Mutex<()>> {
        Arc::clone(self.turn.get_or_insert_default())
    }

    /// The limiter gave so many, the first of which is spent at once; they lapse at `until`.
    pub fn grant(&mut self, now: Timestamp, count: u32, until: Timestamp) {
        let fresh = count.saturating_sub(1);
        self.left = if now < self.until { self.left.saturating_add(fresh) } else { fresh };
        (self.taken, self.until) = (count, until);
    }

    /// The limiter gave none before `until`. Answers how many seconds that is.
    pub fn refuse(&mut self, now: Timestamp, until: Timestamp) -> u32 {
        self.refused_until = until;
        seconds_until(until, now)
    }
}

fn seconds_until(moment: Timestamp, now: Timestamp) -> u32 {
    let millis = moment.millis_since(now).max(0);
    u32::try_from(millis.div_euclid(1000) + i64::from(millis % 1000 > 0)).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn ten_frames_cost_one_question_of_who_sends_many() {
        let mut permits = Permits::default();
        for expected in [1, 2, 4, 8, 10] {
            assert_eq!(permits.spend(at(1), 100), Spent::Ask(expected));
            permits.grant(at(1), expected, at(60));
            assert!((1..expected).all(|_| permits.spend(at(1), 100) == Spent::Allowed));
        }
        assert_eq!(permits.spend(at(1), 100), Spent::Ask(10));
        permits.grant(at(1), 10, at(60));
        assert!((0..9).all(|_| permits.spend(at(1), 100) == Spent::Allowed));
        assert_eq!(permits.spend(at(1), 100), Spent::Ask(10));
    }

    #[test]
    fn what_is_left_lapses_with_the_window() {
        let mut permits = Permits::default();
        permits.grant(at(1), 10, at(60));
        assert!(!permits.is_over(at(59)) && permits.is_over(at(60)));
        assert_eq!(permits.spend(at(60), 100), Spent::Ask(1));
    }

    #[test]
    fn a_refusal_is_remembered_until_the_window_ends() {
        let mut permits = Permits::default();
        assert_eq!(permits.refuse(at(10), at(60)), 50);
        assert_eq!(permits.spend(Timestamp::from_millis(59_500), 100), Spent::Refused(1));
        assert_eq!(permits.spend(at(60), 5), Spent::Ask(1));
    }
}
