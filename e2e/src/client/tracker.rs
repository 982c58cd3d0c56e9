//! What a device has, and so what it says when it resumes.

use std::collections::BTreeMap;

use confab_contract::ConversationId;
use confab_contract::socket::client::Resume;

/// How a device resumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResumeBy {
    /// It names the last `seq` of every conversation of which it saw an event, and a cursor for all others.
    Seq,
    /// It names a cursor alone, and passes over what it has already.
    Cursor,
}

/// A device's memory over its connections.
#[derive(Debug, Clone)]
pub struct Tracker {
    by: ResumeBy,
    cursor: Option<String>,
    last: BTreeMap<ConversationId, u64>,
    /// A replay is under way: until it ends, no new cursor covers what is still missing.
    resuming: bool,
}

impl Tracker {
    /// A device that has nothing yet.
    pub fn new(by: ResumeBy) -> Self {
        Self { by, cursor: None, last: BTreeMap::new(), resuming: false }
    }

    /// A device that read these conversations up to these `seq` over REST before it first connects.
    pub fn after_reading(by: ResumeBy, last: BTreeMap<ConversationId, u64>) -> Self {
        Self { last, ..Self::new(by) }
    }

    /// What to say on a new connection; `None` when there is nothing to resume.
    pub fn resume(&self) -> Option<Resume> {
        let cursor = self.cursor.clone();
        if cursor.is_none() && self.last.is_empty() {
            return None;
        }
        let conversations = match self.by {
            ResumeBy::Seq => self.last.clone(),
            ResumeBy::Cursor if cursor.is_none() => self.last.clone(),
            ResumeBy::Cursor => BTreeMap::new(),
        };
        Some(Resume { cursor, conversations })
    }

    /// The last `seq` of a conversation that the device has.
    pub fn last(&self, conversation: ConversationId) -> Option<u64> {
        self.last.get(&conversation).copied()
    }

    /// Every conversation of which the device has something.
    pub fn conversations(&self) -> &BTreeMap<ConversationId, u64> {
        &self.last
    }

    /// The connection is signed in.
    pub fn signed_in(&mut self, cursor: String) {
        self.resuming = self.resume().is_some();
        if !self.resuming {
            self.cursor = Some(cursor);
        }
    }

    /// The replay is complete.
    pub fn resumed(&mut self, cursor: String) {
        self.resuming = false;
        self.cursor = Some(cursor);
    }

    /// A fresh cursor came by the way.
    pub fn moved_on(&mut self, cursor: String) {
        if !self.resuming {
            self.cursor = Some(cursor);
        }
    }

    /// An event came.
    pub fn saw(&mut self, conversation: ConversationId, seq: u64) {
        let last = self.last.entry(conversation).or_default();
        *last = (*last).max(seq);
    }

    /// The server cannot continue a conversation: the device is no longer a member.
    pub fn forget(&mut self, conversation: ConversationId) {
        self.last.remove(&conversation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_connection_resumes_nothing() {
        assert_eq!(Tracker::new(ResumeBy::Seq).resume(), None);
    }

    #[test]
    fn a_device_names_what_it_saw_and_one_that_resumes_by_cursor_does_not() {
        for (by, named) in [(ResumeBy::Seq, 1), (ResumeBy::Cursor, 0)] {
            let mut tracker = Tracker::new(by);
            tracker.signed_in("c1".to_owned());
            tracker.saw(ConversationId::generate(), 7);
            let resume = tracker.resume().expect("it was connected");
            assert_eq!((resume.cursor.as_deref(), resume.conversations.len()), (Some("c1"), named));
        }
    }

    #[test]
    fn a_device_that_read_over_rest_names_what_it_read() {
        let last = BTreeMap::from([(ConversationId::generate(), 7)]);
        let resume = Tracker::after_reading(ResumeBy::Cursor, last).resume().expect("it has read");
        assert_eq!((resume.cursor, resume.conversations.len()), (None, 1));
    }

    #[test]
    fn a_cursor_counts_only_when_the_replay_is_complete() {
        let mut tracker = Tracker::new(ResumeBy::Seq);
        tracker.signed_in("c1".to_owned());
        tracker.signed_in("c2".to_owned());
        tracker.moved_on("c3".to_owned());
        assert_eq!(tracker.resume().and_then(|resume| resume.cursor).as_deref(), Some("c1"));
        tracker.resumed("c4".to_owned());
        tracker.moved_on("c5".to_owned());
        assert_eq!(tracker.resume().and_then(|resume| resume.cursor).as_deref(), Some("c5"));
    }
}
