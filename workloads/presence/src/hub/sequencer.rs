//! The order of one conversation's events in one process: dense, each once, whatever order the bus brings them in.

use std::collections::BTreeMap;

/// Events that may wait for one that is missing. More are read from the store with the missing one.
const MOST_ASIDE: usize = 64;

/// Puts the events of one conversation into order. It decides; it holds no connection and reads no store.
#[derive(Debug)]
pub struct Sequencer<T> {
    last: u64,
    known: u64,
    aside: BTreeMap<u64, T>,
}

/// What became of an event that was offered.
#[derive(Debug, PartialEq, Eq)]
pub enum Offered<T> {
    /// It was there already, or is older than the point from which this process follows the conversation.
    Old(T),
    /// It is the next one.
    Next(T),
    /// Events before it are missing. It was kept aside, or is one that the store has to give again.
    Early,
}

impl<T> Sequencer<T> {
    /// Everything up to `last` is settled; the conversation is known to reach `known`.
    pub fn new(last: u64, known: u64) -> Self {
        Self { last, known: known.max(last), aside: BTreeMap::new() }
    }

    /// The newest event that was emitted.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// The newest event that is known to exist.
    pub fn known(&self) -> u64 {
        self.known
    }

    /// Whether events are known to exist that were not emitted.
    pub fn is_behind(&self) -> bool {
        self.known > self.last
    }

    /// Learns that the conversation reaches `seq`.
    pub fn learn(&mut self, seq: u64) {
        self.known = self.known.max(seq);
    }

    /// Takes an event. After [`Offered::Next`], ask [`Self::pop_next`] for those that waited for it.
    pub fn offer(&mut self, seq: u64, event: T) -> Offered<T> {
        if seq <= self.last {
            return Offered::Old(event);
        }
        self.learn(seq);
        if seq == self.last + 1 {
            self.last = seq;
            return Offered::Next(event);
        }
        if self.aside.len() < MOST_ASIDE {
            self.aside.insert(seq, event);
        }
        Offered::Early
    }

    /// The next event, if it has come already.
    pub fn pop_next(&mut self) -> Option<(u64, T)> {
        while let Some(entry) = self.aside.first_entry() {
            let seq = *entry.key();
            if seq > self.last + 1 {
                return None;
            }
            let event = entry.remove();
            if seq == self.last + 1 {
                self.last = seq;
                return Some((seq, event));
            }
        }
        None
    }

    /// Settles everything up to `seq` without emitting it: nobody here follows the conversation yet.
    pub fn skip_to(&mut self, seq: u64) {
        self.last = self.last.max(seq);
        self.known = self.known.max(seq);
        self.aside = self.aside.split_off(&(self.last + 1));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn offer_all(sequencer: &mut Sequencer<u64>, order: &[u64]) -> Vec<u64> {
        let mut emitted = Vec::new();
        for &seq in order {
            if let Offered::Next(event) = sequencer.offer(seq, seq) {
                emitted.push(event);
                emitted.extend(std::iter::from_fn(|| sequencer.pop_next()).map(|(_, event)| event));
            }
        }
        emitted
    }

    #[test]
    fn a_gap_holds_back_what_comes_after_it() {
        let mut sequencer = Sequencer::new(3, 3);
        assert!(offer_all(&mut sequencer, &[5, 6]).is_empty());
        assert!(sequencer.is_behind());
        assert_eq!(offer_all(&mut sequencer, &[4]), [4, 5, 6]);
        assert!(!sequencer.is_behind());
    }

    #[test]
    fn what_was_emitted_is_not_emitted_again() {
        let mut sequencer = Sequencer::new(3, 3);
        assert_eq!(sequencer.offer(3, 3), Offered::Old(3));
        assert_eq!(offer_all(&mut sequencer, &[4, 4, 3]), [4]);
    }

    #[test]
    fn too_many_early_events_are_left_to_the_store() {
        let mut sequencer = Sequencer::new(0, 0);
        let early: Vec<u64> = (2..500).collect();
        assert!(offer_all(&mut sequencer, &early).is_empty());
        assert_eq!(sequencer.known(), 499);
        assert_eq!(offer_all(&mut sequencer, &[1]).last(), Some(&(1 + MOST_ASIDE as u64)));
        assert!(sequencer.is_behind());
    }

    #[test]
    fn skipping_forgets_what_waited_below() {
        let mut sequencer = Sequencer::new(0, 0);
        offer_all(&mut sequencer, &[3, 9]);
        sequencer.skip_to(5);
        assert_eq!(offer_all(&mut sequencer, &[6, 7, 8]), [6, 7, 8, 9]);
    }

    proptest! {
        #[test]
        fn any_order_with_any_repeats_comes_out_dense_and_once(
            order in Just((1..=40_u64).chain(10..20).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let mut sequencer = Sequencer::new(0, 0);
            prop_assert_eq!(offer_all(&mut sequencer, &order), (1..=40).collect::<Vec<_>>());
        }
    }
}
