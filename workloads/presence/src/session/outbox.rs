//! What waits for one connection: bounded, and what can be done without goes first.

use std::collections::{HashSet, VecDeque};

use axum::extract::ws::{Message, Utf8Bytes};
use bytes::Bytes;
use confab_contract::bus::ReceiptKind;
use confab_contract::{ConversationId, UserId};

/// A frame that waits, with what may happen to it under pressure.
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

impl Queued {
    /// What goes onto the socket.
    pub fn into_message(self) -> Message {
        match self {
            Self::Frame(text) | Self::Typing(text) | Self::Presence(_, text) | Self::Receipt(_, _, _, text) => {
                Message::Text(text)
            }
            Self::Ping => Message::Ping(Bytes::new()),
        }
    }

    /// What a newer frame of the same kind replaces.
    fn key(&self) -> Option<Key> {
        match self {
            Self::Frame(_) | Self::Typing(_) => None,
            Self::Presence(user, _) => Some(Key::Presence(*user)),
            Self::Receipt(conversation, user, kind, _) => Some(Key::Receipt(*conversation, *user, *kind)),
            Self::Ping => Some(Key::Ping),
        }
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum Key {
    Presence(UserId),
    Receipt(ConversationId, UserId, ReceiptKind),
    Ping,
}

/// The queue is full of what must not be dropped.
#[derive(Debug, PartialEq, Eq)]
pub struct Overflow;

/// Adds a frame. At the bound, typing is shed and availability and watermarks are conflated; if that makes no room,
/// the connection is too slow.
pub fn push(queue: &mut VecDeque<Queued>, frame: Queued, bound: usize) -> Result<(), Overflow> {
    if queue.len() >= bound {
        relieve(queue);
        if matches!(frame, Queued::Typing(_)) {
            return Ok(());
        }
        if let Some(key) = frame.key() {
            queue.retain(|queued| queued.key().as_ref() != Some(&key));
        }
        if queue.len() >= bound {
            return Err(Overflow);
        }
    }
    queue.push_back(frame);
    Ok(())
}

/// Sheds typing, and keeps the newest of each person's availability and of each watermark.
fn relieve(queue: &mut VecDeque<Queued>) {
    let mut newer = HashSet::new();
    let kept = queue.drain(..).rev().filter(|queued| match queued {
        Queued::Typing(_) => false,
        other => other.key().is_none_or(|key| newer.insert(key)),
    });
    let mut kept: Vec<Queued> = kept.collect();
    kept.reverse();
    queue.extend(kept);
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: usize = 16;

    fn full_of(make: impl Fn(usize) -> Queued) -> VecDeque<Queued> {
        (0..BOUND).map(make).collect()
    }

    fn texts(queue: VecDeque<Queued>) -> Vec<String> {
        let text = |queued: Queued| queued.into_message().into_text().expect("text").to_string();
        queue.into_iter().map(text).collect()
    }

    fn event(text: &str) -> Queued {
        Queued::Frame(text.into())
    }

    #[test]
    fn events_alone_overflow() {
        let mut queue = full_of(|index| event(&index.to_string()));
        assert_eq!(push(&mut queue, event("x"), BOUND), Err(Overflow));
        assert_eq!(queue.len(), BOUND, "nothing that counts was dropped");
    }

    #[test]
    fn typing_makes_room_first() {
        let mut queue = full_of(|_| Queued::Typing("t".into()));
        assert_eq!(push(&mut queue, event("x"), BOUND), Ok(()));
        assert_eq!(texts(queue), ["x"]);
    }

    #[test]
    fn typing_never_closes_a_connection() {
        let mut queue = full_of(|index| event(&index.to_string()));
        assert_eq!(push(&mut queue, Queued::Typing("t".into()), BOUND), Ok(()));
        assert_eq!(queue.len(), BOUND);
    }

    #[test]
    fn of_availability_and_watermarks_the_newest_remains_in_its_place() {
        let (ann, bob, conversation) = (UserId::generate(), UserId::generate(), ConversationId::generate());
        let mut queue = full_of(|index| match index % 3 {
            0 => Queued::Presence(ann, format!("ann {index}").into()),
            1 => Queued::Presence(bob, format!("bob {index}").into()),
            _ => Queued::Receipt(conversation, ann, ReceiptKind::Read, format!("read {index}").into()),
        });
        assert_eq!(push(&mut queue, event("x"), BOUND), Ok(()));
        assert_eq!(texts(queue), ["bob 13", "read 14", "ann 15", "x"]);
    }

    #[test]
    fn a_newer_watermark_takes_the_place_of_the_older_in_a_full_queue() {
        let user = UserId::generate();
        let mut queue = full_of(|index| event(&index.to_string()));
        queue[3] = Queued::Presence(user, "old".into());
        assert_eq!(push(&mut queue, Queued::Presence(user, "new".into()), BOUND), Ok(()));
        assert_eq!(texts(queue).last().map(String::as_str), Some("new"));
    }
}
