//! The newest texts of a conversation, so that a connection that is only a little behind need not ask the store. Pure.
//!
//! In a busy conversation a connection that reads pages from the store would find the feed ahead of it after each page.
//! Here it finds what was delivered meanwhile.

use std::collections::VecDeque;

use axum::extract::ws::Utf8Bytes;

/// What is kept at most, in texts and bytes.
const FEW: (usize, usize) = (128, 16 * 1024);
/// The same while connections are being brought up to date.
const MANY: (usize, usize) = (512, 256 * 1024);

/// Texts without a gap up to the newest one that was delivered. Events by which people come or go are not kept, nor
/// what is before them: who is a member at one end of what is kept is one at the other.
#[derive(Debug, Default)]
pub struct Recent {
    texts: VecDeque<Utf8Bytes>,
    last: u64,
    bytes: usize,
    was_used: bool,
}

impl Recent {
    /// An event was delivered that leaves membership as it is.
    pub fn push(&mut self, seq: u64, text: &Utf8Bytes, is_awaited: bool) {
        if seq != self.last + 1 {
            self.clear();
        }
        (self.last, self.was_used) = (seq, true);
        self.bytes += text.len();
        self.texts.push_back(text.clone());
        let (count, bytes) = if is_awaited { MANY } else { FEW };
        while self.texts.len() > count || self.bytes > bytes {
            self.bytes -= self.texts.pop_front().map_or(self.bytes, |text| text.len());
        }
    }

    /// Everything after `after` up to `last`, if all of it is here.
    pub fn between(&self, after: u64, last: u64) -> Option<impl ExactSizeIterator<Item = &Utf8Bytes>> {
        let count = usize::try_from(last.checked_sub(after)?).ok()?;
        let start = self.texts.len().checked_sub(count)?;
        (last == self.last).then(|| self.texts.range(start..))
    }

    /// Forgets everything, and gives the memory back.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Forgets everything if nothing was delivered since the previous call: a conversation at rest costs nothing.
    pub fn age(&mut self) {
        if !std::mem::take(&mut self.was_used) {
            self.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(seqs: impl IntoIterator<Item = u64>, size: usize, is_awaited: bool) -> Recent {
        let mut recent = Recent::default();
        for seq in seqs {
            recent.push(seq, &format!("{seq:0size$}").into(), is_awaited);
        }
        recent
    }

    fn between(recent: &Recent, after: u64, last: u64) -> Option<Vec<u64>> {
        Some(recent.between(after, last)?.map(|text| text.as_str().parse().expect("a number")).collect())
    }

    #[test]
    fn what_was_delivered_last_is_handed_out_without_a_gap_or_not_at_all() {
        let recent = filled(5..=9, 1, false);
        assert_eq!(between(&recent, 6, 9), Some(vec![7, 8, 9]));
        assert_eq!(between(&recent, 4, 9), Some(vec![5, 6, 7, 8, 9]));
        assert_eq!(between(&recent, 3, 9), None, "4 is not here");
        assert_eq!(between(&recent, 6, 10), None, "the feed has skipped since");
        assert_eq!(between(&recent, 9, 8), None);
        assert_eq!(between(&filled([1, 2, 7, 8], 1, false), 1, 8), None, "a gap");
    }

    #[test]
    fn it_is_bounded_in_count_and_bytes_and_holds_more_for_those_who_wait() {
        assert_eq!(filled(1..=1000, 4, false).texts.len(), FEW.0);
        assert_eq!(filled(1..=1000, 4, true).texts.len(), MANY.0);
        let large = filled(1..=1000, 1024, false);
        assert_eq!((large.texts.len(), large.bytes), (16, 16 * 1024));
        assert_eq!(filled(1..=3, 20 * 1024, false).texts.len(), 0, "one that is too large is not kept");
    }

    #[test]
    fn a_conversation_at_rest_forgets_it() {
        let mut recent = filled(1..=3, 1, false);
        recent.age();
        assert_eq!(recent.texts.len(), 3);
        recent.age();
        assert_eq!(recent.texts.capacity(), 0);
    }
}
