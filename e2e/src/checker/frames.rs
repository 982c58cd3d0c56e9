//! For each subscriber, the frames over all connections equal the history from its start: no gap, repetition or reorder.

use std::collections::{BTreeMap, BTreeSet};

use confab_contract::bus::ReceiptKind;
use confab_contract::socket::close::{Advice, CloseReason};
use confab_contract::socket::server::ResyncReason;
use confab_contract::timeline::{TimelineEvent, TimelineFrame};
use confab_contract::{ConversationId, ErrorCode, MessageId, UserId};

use super::Truths;
use super::problem::{Problem, Rule};
use super::truth::Truth;
use crate::record::{Action, Evidence, Outcome, Reply, Sight, Subscriber};

/// Microseconds within which a connected device must have been told of an event that another device got.
const TOLD_WITHIN: u64 = 8_000_000;

pub(super) fn check(evidence: &Evidence, truths: &Truths<'_>, problems: &mut Vec<Problem>) {
    let contents = known_contents(evidence);
    let first_seen = first_seen(evidence);
    for subscriber in &evidence.subscribers {
        let mut sights = by_conversation(subscriber);
        let connected = connected(subscriber);
        for (id, truth) in truths {
            let name = format!("{} ({}) in {id}", subscriber.name, subscriber.user);
            let told_of = |seq: u64| {
                let at = first_seen.get(&(*id, seq));
                at.is_some_and(|at| connected.iter().any(|(from, to)| from <= at && at + TOLD_WITHIN <= *to))
            };
            let mut walk = Walk::new(subscriber, truth, *id, &contents, &told_of);
            for (connection, sight) in sights.remove(id).unwrap_or_default() {
                match sight {
                    Sight::Event { frame } => walk.step(connection, frame),
                    Sight::Reread { events, .. } => events.iter().for_each(|frame| walk.step(connection, frame)),
                    _ => walk.begin_anew(connection),
                }
            }
            walk.finish();
            problems.extend(walk.found.into_iter().map(|(rule, what)| Problem::new(rule, format!("{name}: {what}"))));
        }
        disturbances(subscriber, truths, problems);
        receipts(subscriber, problems);
    }
}

/// What happened to a subscriber in each conversation: events and resyncs.
fn by_conversation(subscriber: &Subscriber) -> BTreeMap<ConversationId, Vec<(u32, &Sight)>> {
    let mut sights: BTreeMap<ConversationId, Vec<(u32, &Sight)>> = BTreeMap::new();
    for seen in &subscriber.seen {
        let conversation = match &seen.sight {
            Sight::Event { frame } => frame.conversation_id,
            Sight::Reread { conversation, .. } | Sight::Resync { conversation: Some(conversation), .. } => {
                *conversation
            }
            _ => continue,
        };
        sights.entry(conversation).or_default().push((seen.connection, &seen.sight));
    }
    sights
}

/// When any device first got an event.
fn first_seen(evidence: &Evidence) -> BTreeMap<(ConversationId, u64), u64> {
    let mut first = BTreeMap::new();
    for seen in evidence.subscribers.iter().flat_map(|subscriber| &subscriber.seen) {
        if let Sight::Event { frame } = &seen.sight {
            let at = first.entry((frame.conversation_id, frame.seq)).or_insert(seen.at);
            *at = seen.at.min(*at);
        }
    }
    first
}

/// From when to when a device was connected, over and over.
fn connected(subscriber: &Subscriber) -> Vec<(u64, u64)> {
    let mut spans: Vec<(u64, u64)> = Vec::new();
    let mut since = None;
    for seen in &subscriber.seen {
        match seen.sight {
            Sight::Connected { .. } => since = Some(seen.at),
            Sight::Closed { .. } => spans.extend(since.take().map(|from| (from, seen.at))),
            _ => {}
        }
    }
    let end = subscriber.seen.last().map_or(0, |seen| seen.at);
    spans.extend(since.map(|from| (from, end)));
    spans
}

/// Walks along one subscriber's frames of one conversation.
struct Walk<'a> {
    subscriber: &'a Subscriber,
    truth: &'a Truth<'a>,
    contents: &'a BTreeMap<MessageId, BTreeSet<&'a str>>,
    /// Whether the device was connected when this event was told to others, and long enough after.
    told_of: &'a dyn Fn(u64) -> bool,
    /// The last `seq` that the subscriber has; `None` while it is no member.
    last: Option<u64>,
    /// The server said that it goes on from where it is, and the subscriber may have been removed before it could read.
    begins_anew: bool,
    /// The connection that brought it.
    connection: u32,
    last_connection: u32,
    found: Vec<(Rule, String)>,
}

impl<'a> Walk<'a> {
    fn new(
        subscriber: &'a Subscriber,
        truth: &'a Truth<'a>,
        id: ConversationId,
        contents: &'a BTreeMap<MessageId, BTreeSet<&'a str>>,
        told_of: &'a dyn Fn(u64) -> bool,
    ) -> Self {
        let last = subscriber.starts.get(&id).copied();
        let last_connection = subscriber.seen.last().map_or(0, |seen| seen.connection);
        Self {
            subscriber,
            truth,
            contents,
            told_of,
            last,
            begins_anew: false,
            connection: 1,
            last_connection,
            found: Vec::new(),
        }
    }

    fn step(&mut self, connection: u32, frame: &TimelineFrame) {
        let seq = frame.seq;
        match self.truth.at(seq) {
            None => self.found.push((Rule::FrameDiffers, format!("seq {seq} is not in the history: {frame:?}"))),
            Some(owed) if !same_event(frame, owed) || !self.content_is_known(frame) => {
                self.found.push((Rule::FrameDiffers, format!("got {frame:?}, the history has {owed:?}")));
            }
            Some(_) => {}
        }
        let stay = self.truth.stays(self.subscriber.user).iter().find(|stay| stay.covers(seq));
        if stay.is_none() {
            self.found.push((Rule::FrameNotVisible, format!("got seq {seq} while not a member")));
        }
        let joined_here = stay.is_some_and(|stay| stay.from == seq);
        let may_repeat = self.subscriber.may_repeat && connection > self.connection;
        match self.last {
            Some(last) if seq == last + 1 => {}
            Some(last) if seq <= last && may_repeat => {}
            Some(last) if seq <= last => {
                self.found
                    .push((Rule::FrameRepeated, format!("got seq {seq} after {last}, on connection {connection}")));
            }
            Some(last) if joined_here => self.left_at(last, self.was_away(last, connection > self.connection)),
            Some(last) => {
                let what = format!("got seq {seq} after {last}, on connection {connection}");
                self.found.push((Rule::FrameMissing, what));
            }
            None if joined_here || self.begins_anew => {}
            None => self.found.push((Rule::FrameMissing, format!("the first frame has seq {seq}, and is no joining"))),
        }
        self.last = Some(seq);
        self.begins_anew = false;
        self.connection = connection;
    }

    /// The server said that the subscriber was removed, and perhaps added again: it cannot say where the stay ended.
    fn begin_anew(&mut self, connection: u32) {
        self.last = None;
        self.begins_anew = true;
        self.connection = connection;
    }

    /// After the last frame: all of the present stay was seen, or all up to the leaving.
    fn finish(&mut self) {
        match (self.truth.present_stay(self.subscriber.user), self.last) {
            (Some(stay), last) => {
                let newest = self.truth.last_seq();
                if last.is_none_or(|last| last < newest) {
                    let what = format!("the end is missing: {last:?} of {newest}, a member from {}", stay.from);
                    self.found.push((Rule::FrameMissing, what));
                }
            }
            (None, Some(last)) => {
                self.left_at(last, self.was_away(last, self.last_connection > self.connection));
            }
            (None, None) => {}
        }
    }

    /// A stay ended after `last`. One who was connected when it ended sees it to its end; one who was away then is no
    /// longer told.
    fn left_at(&mut self, last: u64, was_away: bool) {
        let until = self.end_of_stay(last);
        if until != Some(last) && !was_away {
            let what = format!("was a member until {until:?} and connected, and saw nothing after {last}");
            self.found.push((Rule::FrameMissing, what));
        }
    }

    /// Whether the device was not there to be told how the stay of `last` ended. Nobody told it that it had been removed.
    fn was_away(&self, last: u64, reconnected: bool) -> bool {
        reconnected && !self.end_of_stay(last).is_some_and(self.told_of)
    }

    fn end_of_stay(&self, last: u64) -> Option<u64> {
        let stays = self.truth.stays(self.subscriber.user);
        stays.iter().find(|stay| stay.covers(last)).and_then(|stay| stay.until)
    }

    fn content_is_known(&self, frame: &TimelineFrame) -> bool {
        let (id, content) = match &frame.event {
            TimelineEvent::MessageReceived { message } => (message.message_id, &message.content_encrypted),
            TimelineEvent::MessageEdited { message_id, content_encrypted, .. } => (*message_id, content_encrypted),
            _ => return true,
        };
        match content {
            Some(content) => self.contents.get(&id).is_some_and(|known| known.contains(content.as_str())),
            None => self.truth.messages.get(&id).is_some_and(|message| message.deleted.is_some()),
        }
    }
}

/// Every content that a message ever had or may have had.
fn known_contents(evidence: &Evidence) -> BTreeMap<MessageId, BTreeSet<&str>> {
    let mut by_send: BTreeMap<(UserId, &str), &str> = BTreeMap::new();
    let mut contents: BTreeMap<MessageId, BTreeSet<&str>> = BTreeMap::new();
    for operation in &evidence.operations {
        match &operation.action {
            Action::Send { temp_id: Some(temp_id), content, .. } => {
                by_send.entry((operation.actor, temp_id)).or_insert(content);
            }
            Action::Send { content, .. } => {
                if let Outcome::Ok { reply: Reply::Sent { message, .. } } = &operation.outcome {
                    contents.entry(*message).or_default().insert(content);
                }
            }
            Action::Edit { message, content, .. } => {
                contents.entry(*message).or_default().insert(content);
            }
            _ => {}
        }
    }
    for frame in evidence.histories.iter().flat_map(|history| &history.events) {
        if let TimelineEvent::MessageReceived { message } = &frame.event {
            let sent = message.temp_id.as_deref().and_then(|temp_id| by_send.get(&(message.sender_id, temp_id)));
            let known = contents.entry(message.message_id).or_default();
            known.extend(sent);
            known.extend(message.content_encrypted.as_deref());
        }
    }
    contents
}

/// The same place, kind and ids. Content, metadata and the marks of later changes may be those of an earlier moment.
pub(super) fn same_event(seen: &TimelineFrame, owed: &TimelineFrame) -> bool {
    bare(seen) == bare(owed)
}

fn bare(frame: &TimelineFrame) -> TimelineFrame {
    let mut frame = frame.clone();
    match &mut frame.event {
        TimelineEvent::MessageReceived { message } => {
            message.content_encrypted = None;
            message.metadata.clear();
            message.is_edited = false;
            message.is_deleted = false;
            message.updated_at = message.created_at;
        }
        TimelineEvent::MessageEdited { content_encrypted, .. } => *content_encrypted = None,
        _ => {}
    }
    frame
}

/// Errors, needless resyncs, and closes after which a client must not simply come back.
fn disturbances(subscriber: &Subscriber, truths: &Truths<'_>, problems: &mut Vec<Problem>) {
    let comes_and_goes =
        truths.values().any(|truth| truth.stays(subscriber.user).iter().any(|stay| stay.until.is_some()));
    for seen in &subscriber.seen {
        let what = match &seen.sight {
            // An `ack` may cross the own removal.
            Sight::Error { code: Some(ErrorCode::NotFound), .. } if comes_and_goes => continue,
            Sight::Error { code, text } => format!("got an error: {code:?} {text}"),
            Sight::Resync { conversation, reason } if *reason != ResyncReason::NotAMember => {
                format!("was told to read {conversation:?} anew: {reason:?}")
            }
            Sight::Closed { code: Some(code), by_us: false } if !says_reconnect(*code) => {
                format!("was closed with {code}")
            }
            _ => continue,
        };
        let what = format!("{} on connection {} {what}", subscriber.name, seen.connection);
        problems.push(Problem::new(Rule::Disturbed, what));
    }
}

fn says_reconnect(code: u16) -> bool {
    CloseReason::ALL.iter().any(|reason| reason.code() == code && reason.advice() == Advice::Reconnect)
}

/// Watermarks never go back on one connection.
fn receipts(subscriber: &Subscriber, problems: &mut Vec<Problem>) {
    let mut highest: BTreeMap<(u32, ConversationId, UserId, ReceiptKind), u64> = BTreeMap::new();
    for seen in &subscriber.seen {
        let Sight::Receipt { conversation, user, kind, seq } = &seen.sight else { continue };
        let high = highest.entry((seen.connection, *conversation, *user, *kind)).or_default();
        if seq < high {
            let who = format!("{} on connection {}", subscriber.name, seen.connection);
            let what = format!("{who}: {kind:?} of {user} in {conversation} went back from {high} to {seq}");
            problems.push(Problem::new(Rule::WatermarkWentBack, what));
        }
        *high = (*high).max(*seq);
    }
}
