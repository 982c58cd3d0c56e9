//! Which object is to be reconciled when: a state machine without clock, task or lock.
//!
//! Each key stands in it at most once. A key that is being worked on is never handed out again before that work is done; what
//! is asked for meanwhile is remembered and comes afterwards. Of several wishes the earliest counts.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Instant;

/// What there is to do at a moment.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<K> {
    /// Work on this now.
    Run(K),
    /// Nothing before this moment, unless something is added.
    Wait(Instant),
    /// Nothing, unless something is added.
    Idle,
}

/// Keys with the moments at which they are due.
#[derive(Debug)]
pub struct Schedule<K> {
    due: BTreeSet<(Instant, u64)>,
    waiting: HashMap<K, (Instant, u64)>,
    keys: HashMap<u64, K>,
    running: HashMap<K, Option<Instant>>,
    added: u64,
}

impl<K: Clone + Eq + Hash> Default for Schedule<K> {
    fn default() -> Self {
        Self { due: BTreeSet::new(), waiting: HashMap::new(), keys: HashMap::new(), running: HashMap::new(), added: 0 }
    }
}

impl<K: Clone + Eq + Hash> Schedule<K> {
    /// Asks for work on a key at that moment.
    pub fn add(&mut self, key: K, at: Instant) {
        if let Some(again) = self.running.get_mut(&key) {
            *again = Some(again.map_or(at, |earlier| earlier.min(at)));
            return;
        }
        if let Some(place) = self.waiting.get(&key).copied() {
            if place.0 <= at {
                return;
            }
            self.due.remove(&place);
            self.keys.remove(&place.1);
        }
        self.added += 1;
        let place = (at, self.added);
        self.due.insert(place);
        self.keys.insert(self.added, key.clone());
        self.waiting.insert(key, place);
    }

    /// Takes what is due, the longest due first.
    pub fn next(&mut self, now: Instant) -> Next<K> {
        let Some(&(at, number)) = self.due.first() else { return Next::Idle };
        if at > now {
            return Next::Wait(at);
        }
        self.due.pop_first();
        let key = self.keys.remove(&number).expect("each place has its key");
        self.waiting.remove(&key);
        self.running.insert(key.clone(), None);
        Next::Run(key)
    }

    /// The work on a key has ended; it is wanted again at that moment, if at all, or earlier if that was asked for meanwhile.
    pub fn done(&mut self, key: &K, again: Option<Instant>) {
        let Some(asked) = self.running.remove(key) else { return };
        let at = match (asked, again) {
            (Some(asked), Some(again)) => Some(asked.min(again)),
            (asked, again) => asked.or(again),
        };
        if let Some(at) = at {
            self.add(key.clone(), at);
        }
    }

    /// Forgets everything that waits. What runs goes on.
    pub fn clear(&mut self) {
        self.due.clear();
        self.waiting.clear();
        self.keys.clear();
        self.running.values_mut().for_each(|again| *again = None);
    }

    /// How many keys are due at that moment and wait for a worker.
    pub fn depth(&self, now: Instant) -> usize {
        self.due.range(..=(now, u64::MAX)).count()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_earliest_wish_counts_and_a_key_comes_once() {
        let (mut schedule, now) = (Schedule::default(), Instant::now());
        let later = now + Duration::from_secs(5);
        schedule.add("a", later);
        schedule.add("a", now);
        schedule.add("a", later);
        assert_eq!(schedule.next(now), Next::Run("a"));
        assert_eq!(schedule.next(later), Next::Idle);
    }

    #[test]
    fn what_is_asked_for_during_work_comes_after_it() {
        let (mut schedule, now) = (Schedule::default(), Instant::now());
        schedule.add("a", now);
        assert_eq!(schedule.next(now), Next::Run("a"));
        schedule.add("a", now);
        assert_eq!(schedule.next(now), Next::Idle);
        schedule.done(&"a", Some(now + Duration::from_mins(1)));
        assert_eq!(schedule.next(now), Next::Run("a"));
        schedule.done(&"a", None);
        assert_eq!(schedule.next(now), Next::Idle);
    }

    #[test]
    fn clearing_forgets_what_waits_and_what_was_asked_for_during_work() {
        let (mut schedule, now) = (Schedule::default(), Instant::now());
        schedule.add("a", now);
        assert_eq!(schedule.next(now), Next::Run("a"));
        schedule.add("a", now);
        schedule.add("b", now);
        schedule.clear();
        schedule.done(&"a", None);
        assert_eq!(schedule.next(now), Next::Idle);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Add(u8, u64),
        Next(u64),
        Done(u8, Option<u64>),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..4_u8, 0..20_u64).prop_map(|(key, at)| Step::Add(key, at)),
            (0..20_u64).prop_map(Step::Next),
            (0..4_u8, proptest::option::of(0..20_u64)).prop_map(|(key, again)| Step::Done(key, again)),
        ]
    }

    proptest! {
        #[test]
        fn no_wish_is_lost_and_no_key_is_worked_on_twice_at_once(steps in proptest::collection::vec(step(), 0..60)) {
            let (mut schedule, start) = (Schedule::default(), Instant::now());
            let at = |seconds: u64| start + Duration::from_secs(seconds);
            let (mut running, mut wanted) = (std::collections::HashSet::new(), std::collections::HashSet::new());
            for step in steps {
                match step {
                    Step::Add(key, seconds) => {
                        schedule.add(key, at(seconds));
                        wanted.insert(key);
                    }
                    Step::Next(seconds) => if let Next::Run(key) = schedule.next(at(seconds)) {
                        prop_assert!(running.insert(key), "{key} runs twice");
                        prop_assert!(wanted.remove(&key), "nobody wanted {key}");
                    },
                    Step::Done(key, again) => {
                        if running.remove(&key) && again.is_some() {
                            wanted.insert(key);
                        }
                        schedule.done(&key, again.map(at));
                    }
                }
            }
            for key in running.drain() {
                schedule.done(&key, None);
            }
            let mut got = std::collections::HashSet::new();
            while let Next::Run(key) = schedule.next(at(100)) {
                got.insert(key);
                schedule.done(&key, None);
            }
            prop_assert_eq!(got, wanted);
        }
    }
}
