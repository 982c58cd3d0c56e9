//! What a timeline says, folded into messages and memberships.

use std::collections::BTreeMap;

use confab_contract::rest::messages::Reactions;
use confab_contract::timeline::{TimelineEvent, TimelineFrame, TimelineMessage};
use confab_contract::{MessageId, UserId};

/// A conversation's timeline and what follows from it.
pub(super) struct Truth<'a> {
    /// In the order of `seq`.
    pub events: &'a [TimelineFrame],
    /// Every message.
    pub messages: BTreeMap<MessageId, MessageTruth<'a>>,
    /// When each person was a member.
    pub members: BTreeMap<UserId, Vec<Stay>>,
    /// Events that make no sense where they are, such as a reaction given twice.
    pub absurd: Vec<String>,
}

/// A message with what happened to it.
pub(super) struct MessageTruth<'a> {
    /// Its place.
    pub seq: u64,
    /// As the timeline shows it now.
    pub message: &'a TimelineMessage,
    /// `seq` and editor of each edit, in order.
    pub edits: Vec<(u64, UserId)>,
    /// `seq` and person of the deletion for everyone.
    pub deleted: Option<(u64, UserId)>,
    /// Who reacted with what in the end.
    pub reactions: Reactions,
    /// How often each reaction was given and taken back: who, with what, given.
    pub reacted: BTreeMap<(UserId, String, bool), usize>,
}

/// One time of being a member: the first and the last event that the member may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stay {
    pub from: u64,
    pub until: Option<u64>,
}

impl Stay {
    pub fn covers(self, seq: u64) -> bool {
        seq >= self.from && self.until.is_none_or(|until| seq <= until)
    }
}

impl<'a> Truth<'a> {
    /// Folds a timeline.
    pub fn read(events: &'a [TimelineFrame]) -> Self {
        let mut truth = Self { events, messages: BTreeMap::new(), members: BTreeMap::new(), absurd: Vec::new() };
        for frame in events {
            truth.take(frame);
        }
        truth
    }

    /// `seq` of the newest event.
    pub fn last_seq(&self) -> u64 {
        self.events.last().map_or(0, |frame| frame.seq)
    }

    /// The event at a place, if the timeline is dense that far.
    pub fn at(&self, seq: u64) -> Option<&'a TimelineFrame> {
        let index = usize::try_from(seq.checked_sub(1)?).ok()?;
        self.events.get(index).filter(|frame| frame.seq == seq)
    }

    /// The stay of a person who is a member in the end.
    pub fn present_stay(&self, user: UserId) -> Option<Stay> {
        self.stays(user).last().copied().filter(|stay| stay.until.is_none())
    }

    /// All stays of a person.
    pub fn stays(&self, user: UserId) -> &[Stay] {
        self.members.get(&user).map_or(&[], Vec::as_slice)
    }

    /// What `unread_count` must be for a reader who has read up to `read_seq`.
    pub fn unread(&self, reader: UserId, read_seq: u64) -> u64 {
        let visible_from = self.present_stay(reader).map_or(u64::MAX, |stay| stay.from);
        let counts = |message: &&MessageTruth<'_>| {
            message.seq > read_seq
                && message.seq >= visible_from
                && message.message.sender_id != reader
                && message.deleted.is_none()
        };
        self.messages.values().filter(counts).count() as u64
    }

    fn take(&mut self, frame: &'a TimelineFrame) {
        match &frame.event {
            TimelineEvent::ConversationCreated { member_ids, .. } => {
                for user in member_ids {
                    self.join(*user, frame.seq);
                }
            }
            TimelineEvent::MembersAdded { user_ids, .. } => {
                for user in user_ids {
                    self.join(*user, frame.seq);
                }
            }
            TimelineEvent::MemberRemoved { user_id, .. } | TimelineEvent::MemberLeft { user_id, .. } => {
                self.leave(*user_id, frame.seq);
            }
            TimelineEvent::RoleChanged { .. } | TimelineEvent::ConversationUpdated { .. } => {}
            TimelineEvent::MessageReceived { message } => {
                let entry = MessageTruth {
                    seq: frame.seq,
                    message,
                    edits: Vec::new(),
                    deleted: None,
                    reactions: Reactions::new(),
                    reacted: BTreeMap::new(),
                };
                if self.messages.insert(message.message_id, entry).is_some() {
                    self.absurd.push(format!("{} is there twice, again at seq {}", message.message_id, frame.seq));
                }
            }
            TimelineEvent::MessageEdited { message_id, edited_by, .. } => {
                self.of(*message_id, frame.seq, |message| message.edit(frame.seq, *edited_by));
            }
            TimelineEvent::MessageDeleted { message_id, deleted_by } => {
                self.of(*message_id, frame.seq, |message| message.delete(frame.seq, *deleted_by));
            }
            TimelineEvent::ReactionAdded { message_id, user_id, emoji } => {
                self.of(*message_id, frame.seq, |message| message.react(*user_id, emoji, true));
            }
            TimelineEvent::ReactionRemoved { message_id, user_id, emoji } => {
                self.of(*message_id, frame.seq, |message| message.react(*user_id, emoji, false));
            }
        }
    }

    fn join(&mut self, user: UserId, seq: u64) {
        let stays = self.members.entry(user).or_default();
        if stays.last().is_some_and(|stay| stay.until.is_none()) {
            self.absurd.push(format!("{user} joined at seq {seq} and was a member already"));
        } else {
            stays.push(Stay { from: seq, until: None });
        }
    }

    fn leave(&mut self, user: UserId, seq: u64) {
        match self.members.entry(user).or_default().last_mut() {
            Some(stay) if stay.until.is_none() => stay.until = Some(seq),
            _ => self.absurd.push(format!("{user} left at seq {seq} and was no member")),
        }
    }

    fn of(&mut self, id: MessageId, seq: u64, change: impl FnOnce(&mut MessageTruth<'a>) -> Result<(), &'static str>) {
        let result = self.messages.get_mut(&id).map_or(Err("comes before its message"), change);
        if let Err(why) = result {
            self.absurd.push(format!("the event at seq {seq} about {id} {why}"));
        }
    }
}

impl MessageTruth<'_> {
    fn edit(&mut self, seq: u64, by: UserId) -> Result<(), &'static str> {
        if self.deleted.is_some() {
            return Err("edits what was deleted");
        }
        self.edits.push((seq, by));
        Ok(())
    }

    fn delete(&mut self, seq: u64, by: UserId) -> Result<(), &'static str> {
        if self.deleted.replace((seq, by)).is_some() {
            return Err("deletes what was deleted");
        }
        self.reactions.clear();
        Ok(())
    }

    fn react(&mut self, user: UserId, emoji: &str, given: bool) -> Result<(), &'static str> {
        if self.deleted.is_some() {
            return Err("reacts to what was deleted");
        }
        *self.reacted.entry((user, emoji.to_owned(), given)).or_default() += 1;
        let users = self.reactions.entry(emoji.to_owned()).or_default();
        let before = users.len();
        users.retain(|other| *other != user);
        let was_there = users.len() < before;
        if given {
            users.push(user);
        }
        if users.is_empty() {
            self.reactions.remove(emoji);
        }
        match (given, was_there) {
            (true, true) => Err("gives a reaction that was given"),
            (false, false) => Err("takes back a reaction that was not given"),
            _ => Ok(()),
        }
    }
}
