//! Watermarks on their way to a conversation's readers, conflated so that they never cost more than messages do.
//!
//! In a group of 100 where each device acknowledges each message, one message makes 100 watermarks for 100 readers each.
//! So watermarks wait here, the newest of each kind per person, and leave at a bounded rate: at once while little goes
//! on, and after a large delivery only when as many frames as it had would have been allowed since.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use axum::extract::ws::Utf8Bytes;
use confab_contract::UserId;
use confab_contract::bus::ReceiptKind;

/// Frames with watermarks that one conversation may cause in one process in a second.
const FRAMES_PER_SECOND: f64 = 2000.0;
/// No watermark waits longer, whatever it costs.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The watermarks of one conversation that its readers have not been told.
#[derive(Debug, Default)]
pub struct Receipts {
    waiting: HashMap<(UserId, ReceiptKind), (u64, Utf8Bytes)>,
    /// What readers were told last, so that nothing goes back on the wire.
    told: HashMap<(UserId, ReceiptKind), u64>,
    /// What some reader was shown out of the store: what is below it is no news any more, to nobody.
    shown: HashMap<(UserId, ReceiptKind), u64>,
    not_before: Option<Instant>,
}

/// A watermark to deliver.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub kind: ReceiptKind,
    /// The frame that says so.
    pub frame: Utf8Bytes,
}

impl Receipts {
    /// Takes a watermark, unless it or a later one of the same person and kind was told or waits.
    pub fn put(&mut self, user: UserId, kind: ReceiptKind, seq: u64, frame: impl FnOnce() -> Utf8Bytes) {
        let key = (user, kind);
        if self.shown.get(&key).is_some_and(|shown| seq < *shown) {
            return;
        }
        let known = self.told.get(&key).copied().max(self.waiting.get(&key).map(|(seq, _)| *seq));
        if known.is_none_or(|known| seq > known) {
            self.waiting.insert(key, (seq, frame()));
        }
    }

    /// Some reader is going to be shown this. Lower ones that are late on the bus must not follow it.
    pub fn show(&mut self, user: UserId, kind: ReceiptKind, seq: u64) {
        let key = (user, kind);
        let shown = self.shown.entry(key).or_default();
        *shown = seq.max(*shown);
        if self.waiting.get(&key).is_some_and(|(waiting, _)| *waiting < seq) {
            self.waiting.remove(&key);
        }
    }

    /// Whether readers were told of a later one.
    pub fn has_told_later(&self, user: UserId, kind: ReceiptKind, seq: u64) -> bool {
        self.told.get(&(user, kind)).is_some_and(|told| *told > seq)
    }

    /// What may go out now to that many readers; empty when it is too early.
    pub fn take(&mut self, readers: usize, now: Instant) -> Vec<Receipt> {
        if self.waiting.is_empty() || self.not_before.is_some_and(|moment| now < moment) {
            return Vec::new();
        }
        let due: Vec<Receipt> = std::mem::take(&mut self.waiting)
            .into_iter()
            .map(|((user, kind), (seq, frame))| {
                self.told.insert((user, kind), seq);
                Receipt { user, kind, frame }
            })
            .collect();
        let frames = u32::try_from(due.len().saturating_mul(readers)).unwrap_or(u32::MAX);
        let pause = Duration::from_secs_f64(f64::from(frames) / FRAMES_PER_SECOND);
        self.not_before = Some(now + pause.min(LONGEST_WAIT));
        due
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(receipts: &mut Receipts, user: UserId, seq: u64) {
        receipts.put(user, ReceiptKind::Delivered, seq, || seq.to_string().into());
    }

    #[test]
    fn nothing_goes_back() {
        let (mut receipts, user, now) = (Receipts::default(), UserId::generate(), Instant::now());
        put(&mut receipts, user, 5);
        assert_eq!(receipts.take(1, now).len(), 1);
        for seq in [4, 5] {
            put(&mut receipts, user, seq);
        }
        assert!(receipts.is_empty(), "that was told");
        assert!(receipts.has_told_later(user, ReceiptKind::Delivered, 4));
        assert!(!receipts.has_told_later(user, ReceiptKind::Delivered, 5));
        assert!(!receipts.has_told_later(user, ReceiptKind::Read, 4));
        put(&mut receipts, user, 6);
        assert_eq!(receipts.take(1, now + LONGEST_WAIT).len(), 1);
    }

    #[test]
    fn what_is_late_on_the_bus_does_not_follow_what_was_shown() {
        let (mut receipts, user, now) = (Receipts::default(), UserId::generate(), Instant::now());
        put(&mut receipts, user, 3);
        receipts.show(user, ReceiptKind::Delivered, 7);
        assert!(receipts.is_empty(), "it waited, and is overtaken");
        put(&mut receipts, user, 5);
        assert!(receipts.is_empty());
        put(&mut receipts, user, 7);
        assert_eq!(receipts.take(1, now).len(), 1, "the others have not been shown it");
    }

    #[test]
    fn a_lone_watermark_leaves_at_once() {
        let (mut receipts, now) = (Receipts::default(), Instant::now());
        put(&mut receipts, UserId::generate(), 3);
        assert_eq!(receipts.take(2, now).len(), 1);
        put(&mut receipts, UserId::generate(), 3);
        assert_eq!(receipts.take(2, now + Duration::from_millis(1)).len(), 1);
    }

    #[test]
    fn many_watermarks_for_many_readers_wait_and_become_few() {
        let (mut receipts, now) = (Receipts::default(), Instant::now());
        let users: Vec<UserId> = (0..100).map(|_| UserId::generate()).collect();
        for &user in &users {
            put(&mut receipts, user, 1);
        }
        assert_eq!(receipts.take(100, now).len(), 100);
        for seq in [4, 2, 3] {
            for &user in &users {
                put(&mut receipts, user, seq);
            }
        }
        assert!(receipts.take(100, now + Duration::from_millis(4999)).is_empty(), "10,000 frames went out just now");
        let due = receipts.take(100, now + LONGEST_WAIT);
        assert_eq!(due.len(), 100);
        assert!(due.iter().all(|receipt| receipt.frame.as_str() == "4"), "the newest is what remains");
    }
}
