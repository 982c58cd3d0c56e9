//! What waits for one connection: bounded, and what can be done without goes first. Pure.
//!
//! Events and answers wait in their order, up to a bound; beyond it the connection is too slow. Typing is shed at that
//! bound. Of availability and watermarks only the newest counts, so they wait by what they tell of, never close a
//! connection, and have a bound of their own, beyond which watermarks are read again from the store.

use std::collections::{BTreeSet, HashMap, VecDeque};

use axum::extract::ws::{Message, Utf8Bytes};
use bytes::Bytes;
use confab_contract::bus::ReceiptKind;
use confab_contract::{ConversationId, UserId};

/// Watermarks that may wait.
const MOST_RECEIPTS: usize = 512;
/// Bytes of events and answers that may wait, however few they are: about a hundred of the longest. A gap that is closed
/// from the store comes in pages of 64 events, which have to fit beside what waits already.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// A frame for one connection, with what may happen to it under pressure.
#[derive(Debug, Clone)]
pub enum Queued {
    /// An event of a timeline, or an answer: never dropped.
    Frame(Utf8Bytes),
    /// Somebody types: shed.
    Typing(Utf8Bytes),
    /// Somebody's availability: only the newest counts.
    Presence(UserId, Utf8Bytes),
    /// Somebody's watermark: only the newest counts.
    Receipt(ConversationId, UserId, ReceiptKind, Utf8Bytes),
    /// A WebSocket ping.
    Ping,
}

/// Too much waits of what must not be dropped.
#[derive(Debug, PartialEq, Eq)]
pub struct Overflow;

/// The queue of one connection. Empty, it holds no memory besides itself.
#[derive(Debug, Default)]
pub struct Outbox {
    frames: VecDeque<Waiting>,
    /// Of the texts in `frames`.
    bytes: usize,
    typing: u32,
    pinged: bool,
    newest: Option<Box<Newest>>,
    /// Counts what was put in, so that what is kept apart still leaves in its place.
    next: u32,
}

#[derive(Debug)]
struct Waiting {
    place: u32,
    is_typing: bool,
    text: Utf8Bytes,
}

/// What only the newest of counts.
#[derive(Debug, Default)]
struct Newest {
    presence: HashMap<UserId, (u32, Utf8Bytes)>,
    receipts: HashMap<(ConversationId, UserId, ReceiptKind), (u32, Utf8Bytes)>,
    /// Conversations whose watermarks are to be read from the store instead.
    stale: BTreeSet<ConversationId>,
}

impl Outbox {
    /// Whether nothing waits to be written.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty() && self.newest.is_none() && !self.pinged
    }

    /// Events and answers that wait.
    pub fn len(&self) -> usize {
        self.frames.len() - usize::try_from(self.typing).unwrap_or_default()
    }

    /// Adds a frame, where `bound` events and answers may wait.
    pub fn push(&mut self, frame: Queued, bound: usize) -> Result<(), Overflow> {
        self.next = self.next.wrapping_add(1);
        match frame {
            Queued::Frame(text) => {
                if self.frames.len() >= bound {
                    self.shed_typing();
                }
                if self.frames.len() >= bound || self.bytes + text.len() > MOST_BYTES {
                    return Err(Overflow);
                }
                self.enqueue(text, false);
            }
            Queued::Typing(text) if self.frames.len() < bound => {
                self.typing += 1;
                self.enqueue(text, true);
            }
            Queued::Typing(_) => {}
            Queued::Presence(user, text) => {
                self.newest.get_or_insert_default().presence.insert(user, (self.next, text));
            }
            Queued::Receipt(conversation, user, kind, text) => {
                self.newest.get_or_insert_default().put_receipt(conversation, user, kind, (self.next, text));
            }
            Queued::Ping => self.pinged = true,
        }
        Ok(())
    }

    fn enqueue(&mut self, text: Utf8Bytes, is_typing: bool) {
        self.bytes += text.len();
        self.frames.push_back(Waiting { place: self.next, is_typing, text });
    }

    fn shed_typing(&mut self) {
        if self.typing > 0 {
            self.frames.retain(|waiting| !waiting.is_typing);
            self.bytes = self.frames.iter().map(|waiting| waiting.text.len()).sum();
            self.typing = 0;
        }
    }

    /// Nothing is to be told of these people's availability any more.
    pub fn forget_presence(&mut self, users: &[UserId]) {
        self.forget(|newest| newest.presence.retain(|user, _| !users.contains(user)));
    }

    /// Nothing is to be told of a conversation's watermarks any more.
    pub fn forget_receipts(&mut self, conversation: ConversationId) {
        self.forget(|newest| newest.forget_receipts(conversation));
    }

    fn forget(&mut self, forget: impl FnOnce(&mut Newest)) {
        if let Some(newest) = &mut self.newest {
            forget(newest);
            if newest.presence.is_empty() && newest.receipts.is_empty() && newest.stale.is_empty() {
                self.newest = None;
            }
        }
    }

    /// Takes everything that waits.
    pub fn take(&mut self) -> Batch {
        (self.typing, self.bytes) = (0, 0);
        let mut batch = Batch {
            frames: std::mem::take(&mut self.frames),
            newest: VecDeque::new(),
            stale: Vec::new(),
            ping: std::mem::take(&mut self.pinged),
        };
        if let Some(newest) = self.newest.take() {
            let mut apart: Vec<_> = newest.presence.into_values().chain(newest.receipts.into_values()).collect();
            // Places count from the newest backwards, so that the counter may wrap.
            apart.sort_unstable_by_key(|(place, _)| std::cmp::Reverse(self.next.wrapping_sub(*place)));
            batch.newest = apart.into();
            batch.stale = newest.stale.into_iter().collect();
        }
        batch
    }
}

impl Newest {
    fn put_receipt(&mut self, conversation: ConversationId, user: UserId, kind: ReceiptKind, entry: (u32, Utf8Bytes)) {
        if self.stale.contains(&conversation) {
            return;
        }
        let is_full = self.receipts.len() >= MOST_RECEIPTS;
        if is_full && !self.receipts.contains_key(&(conversation, user, kind)) {
            self.forget_receipts(conversation);
            self.stale.insert(conversation);
        } else {
            self.receipts.insert((conversation, user, kind), entry);
        }
    }

    fn forget_receipts(&mut self, conversation: ConversationId) {
        self.receipts.retain(|(of, _, _), _| *of != conversation);
        self.stale.remove(&conversation);
    }
}

/// What was taken, in the order in which it was put in. Each text is taken out when it is written.
#[derive(Debug, Default)]
pub struct Batch {
    frames: VecDeque<Waiting>,
    newest: VecDeque<(u32, Utf8Bytes)>,
    ping: bool,
    /// Conversations whose watermarks have to be read from the store and sent.
    pub stale: Vec<ConversationId>,
}

impl Iterator for Batch {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        let is_apart = match (self.frames.front(), self.newest.front()) {
            // Less than half of the counter's range lies between any two that wait together.
            (Some(frame), Some((place, _))) => frame.place.wrapping_sub(*place) < u32::MAX / 2,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        let text = if is_apart {
            self.newest.pop_front().map(|(_, text)| text)
        } else {
            self.frames.pop_front().map(|waiting| waiting.text)
        };
        match text {
            Some(text) => Some(Message::Text(text)),
            None => std::mem::take(&mut self.ping).then(|| Message::Ping(Bytes::new())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: usize = 16;

    fn full_of(make: impl Fn(usize) -> Queued) -> Outbox {
        let mut outbox = Outbox::default();
        (0..BOUND).for_each(|index| outbox.push(make(index), BOUND).expect("room"));
        outbox
    }

    fn texts(outbox: &mut Outbox) -> Vec<String> {
        outbox.take().map(|message| message.into_text().expect("text").to_string()).collect()
    }

    fn event(text: &str) -> Queued {
        Queued::Frame(text.into())
    }

    fn read(conversation: ConversationId, user: UserId, text: &str) -> Queued {
        Queued::Receipt(conversation, user, ReceiptKind::Read, text.into())
    }

    #[test]
    fn few_events_overflow_when_they_are_long() {
        let (mut outbox, long) = (Outbox::default(), "x".repeat(MOST_BYTES / 4));
        for _ in 0..4 {
            assert_eq!(outbox.push(event(&long), BOUND), Ok(()));
        }
        assert_eq!(outbox.push(event("x"), BOUND), Err(Overflow));
        drop(outbox.take());
        assert_eq!(outbox.push(event(&long), BOUND), Ok(()));
    }

    #[test]
    fn events_alone_overflow() {
        let mut outbox = full_of(|index| event(&index.to_string()));
        assert_eq!(outbox.push(event("x"), BOUND), Err(Overflow));
        assert_eq!(outbox.len(), BOUND, "nothing that counts was dropped");
    }

    #[test]
    fn typing_makes_room_first() {
        let mut outbox = full_of(|_| Queued::Typing("t".into()));
        assert_eq!(outbox.push(event("x"), BOUND), Ok(()));
        assert_eq!(texts(&mut outbox), ["x"]);
    }

    #[test]
    fn typing_never_closes_a_connection() {
        let mut outbox = full_of(|index| event(&index.to_string()));
        assert_eq!(outbox.push(Queued::Typing("t".into()), BOUND), Ok(()));
        assert_eq!(outbox.len(), BOUND);
    }

    #[test]
    fn of_availability_and_watermarks_the_newest_leaves_in_its_place() {
        let (ann, bob, conversation) = (UserId::generate(), UserId::generate(), ConversationId::generate());
        let mut outbox = full_of(|index| match index % 4 {
            0 => Queued::Presence(ann, format!("ann {index}").into()),
            1 => Queued::Presence(bob, format!("bob {index}").into()),
            2 => read(conversation, ann, &format!("read {index}")),
            _ => event(&index.to_string()),
        });
        assert_eq!(outbox.push(event("x"), BOUND), Ok(()));
        let expected = ["3", "7", "11", "ann 12", "bob 13", "read 14", "15", "x"];
        assert_eq!(texts(&mut outbox), expected);
        assert!(outbox.is_empty() && outbox.newest.is_none());
    }

    #[test]
    fn places_are_right_when_the_counter_wraps() {
        let user = UserId::generate();
        let mut outbox = Outbox { next: u32::MAX - 2, ..Outbox::default() };
        for index in 0..3 {
            outbox.push(event(&index.to_string()), BOUND).expect("room");
            outbox.push(Queued::Presence(UserId::generate(), format!("p{index}").into()), BOUND).expect("room");
        }
        outbox.push(Queued::Presence(user, "last".into()), BOUND).expect("room");
        assert_eq!(texts(&mut outbox), ["0", "p0", "1", "p1", "2", "p2", "last"]);
    }

    #[test]
    fn any_number_of_watermarks_and_availability_leaves_the_connection_open() {
        let mut outbox = full_of(|index| event(&index.to_string()));
        let (conversation, other, user) = (ConversationId::generate(), ConversationId::generate(), UserId::generate());
        for index in 0..10 * MOST_RECEIPTS {
            assert_eq!(outbox.push(Queued::Presence(user, format!("p{index}").into()), BOUND), Ok(()));
            assert_eq!(outbox.push(read(conversation, UserId::generate(), "r"), BOUND), Ok(()));
        }
        assert_eq!(outbox.push(read(other, user, "kept"), BOUND), Ok(()));
        assert_eq!(outbox.len(), BOUND);
        let batch = outbox.take();
        assert_eq!(batch.stale, [conversation], "these are read again");
        let texts: Vec<String> = batch.map(|message| message.into_text().expect("text").to_string()).collect();
        assert_eq!(texts.len(), BOUND + 2);
        assert_eq!(texts[BOUND + 1], "kept");
    }

    #[test]
    fn what_is_forgotten_is_not_told() {
        let (conversation, user) = (ConversationId::generate(), UserId::generate());
        let mut outbox = Outbox::default();
        outbox.push(Queued::Presence(user, "p".into()), BOUND).expect("room");
        outbox.push(read(conversation, user, "r"), BOUND).expect("room");
        outbox.forget_presence(&[user]);
        outbox.forget_receipts(conversation);
        assert!(outbox.is_empty());
    }

    #[test]
    fn a_ping_waits_once() {
        let mut outbox = full_of(|_| Queued::Ping);
        assert_eq!(outbox.take().count(), 1);
        assert!(outbox.is_empty());
    }
}
