//! Builds a run by hand: each step asks for something and stores what a right server would have stored.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use confab_contract::rest::conversations::{Conversation, ConversationType, LastMessage, Participant};
use confab_contract::rest::members::{Member, Role};
use confab_contract::rest::messages::{DeliveryStatus, Message, MessageType};
use confab_contract::timeline::{TimelineEvent, TimelineFrame, TimelineMessage};
use confab_contract::{ConversationId, MessageId, Timestamp, UserId};

use crate::checker::truth::Truth;
use crate::record::{
    Action, Evidence, Followed, Follower, History, Intent, Operation, Outcome, Reply, Seen, Setting, Sight, Standing,
    Subscriber,
};

/// One conversation of an owner and a member; a guest comes and goes.
pub(super) struct World {
    pub conversation: ConversationId,
    pub owner: UserId,
    pub member: UserId,
    pub guest: UserId,
    pub events: Vec<TimelineFrame>,
    operations: Vec<Operation>,
}

pub(super) fn encode(text: &str) -> String {
    STANDARD.encode(text)
}

impl World {
    /// A run with something of everything, and nothing wrong.
    pub fn good() -> Self {
        let (owner, member) = (UserId::generate(), UserId::generate());
        let conversation = ConversationId::generate();
        let mut world =
            Self { conversation, owner, member, guest: UserId::generate(), events: Vec::new(), operations: Vec::new() };
        world.store(TimelineEvent::ConversationCreated {
            conversation_type: ConversationType::Group,
            name: Some("a good run".to_owned()),
            avatar_url: None,
            created_by: owner,
            member_ids: vec![owner, member],
        });
        world.send(owner, "one");
        let two = world.send(member, "two");
        world.edit(member, two, "two, edited");
        let three = world.send(owner, "three");
        world.react(member, three, true);
        world.react(member, three, false);
        world.react(owner, two, true);
        let four = world.send(owner, "four");
        world.delete(owner, four);
        let seq = world.last_seq();
        world.ask(member, Action::Read { conversation, message: two, seq: 3 }, Outcome::Ok { reply: Reply::Done });
        world.ask(member, Action::Ack { conversation, seq }, Outcome::Ok { reply: Reply::Done });
        world.send(owner, "five");
        world
    }

    pub fn last_seq(&self) -> u64 {
        self.events.len() as u64
    }

    pub fn store(&mut self, event: TimelineEvent) {
        let seq = self.events.last().map_or(1, |frame| frame.seq + 1);
        let at = Timestamp::from_millis(1000);
        self.events.push(TimelineFrame { conversation_id: self.conversation, seq, at, event });
    }

    pub fn ask(&mut self, actor: UserId, action: Action, outcome: Outcome) {
        let number = self.operations.len() as u64;
        let (began, ended) = (1000 * number + 10, 1000 * number + 20);
        self.operations.push(Operation { number, actor, replica: 0, began, ended, action, outcome });
    }

    pub fn sending(&self, text: &str) -> Action {
        Action::Send {
            conversation: self.conversation,
            temp_id: Some(text.to_owned()),
            content: encode(text),
            reply_to: None,
            intent: Intent::First,
        }
    }

    pub fn send(&mut self, actor: UserId, text: &str) -> MessageId {
        let message = self.store_message(actor, text);
        let seq = self.last_seq();
        self.ask(actor, self.sending(text), Outcome::Ok { reply: Reply::Sent { message, seq } });
        message
    }

    pub fn store_message(&mut self, sender_id: UserId, text: &str) -> MessageId {
        let message_id = MessageId::generate();
        let at = Timestamp::from_millis(1000);
        let message = TimelineMessage {
            message_id,
            sender_id,
            content_encrypted: Some(encode(text)),
            message_type: MessageType::Text,
            metadata: serde_json::Map::new(),
            reply_to_message_id: None,
            temp_id: Some(text.to_owned()),
            is_edited: false,
            is_deleted: false,
            created_at: at,
            updated_at: at,
        };
        self.store(TimelineEvent::MessageReceived { message });
        message_id
    }

    pub fn edit(&mut self, actor: UserId, message: MessageId, text: &str) {
        self.store(TimelineEvent::MessageEdited {
            message_id: message,
            content_encrypted: Some(encode(text)),
            edited_by: actor,
        });
        self.rewrite(message, Some(&encode(text)));
        let action = Action::Edit { conversation: self.conversation, message, content: encode(text) };
        let seq = self.last_seq();
        self.ask(actor, action, Outcome::Ok { reply: Reply::Edited { seq } });
    }

    pub fn delete(&mut self, actor: UserId, message: MessageId) {
        self.store(TimelineEvent::MessageDeleted { message_id: message, deleted_by: actor });
        self.rewrite(message, None);
        let action = Action::Delete { conversation: self.conversation, message };
        self.ask(actor, action, Outcome::Ok { reply: Reply::Done });
    }

    fn react(&mut self, actor: UserId, message: MessageId, added: bool) {
        let (message_id, user_id, emoji) = (message, actor, "👍".to_owned());
        self.store(if added {
            TimelineEvent::ReactionAdded { message_id, user_id, emoji: emoji.clone() }
        } else {
            TimelineEvent::ReactionRemoved { message_id, user_id, emoji: emoji.clone() }
        });
        let action = Action::React { conversation: self.conversation, message, emoji, added };
        self.ask(actor, action, Outcome::Ok { reply: Reply::Done });
    }

    pub fn add(&mut self, user: UserId) {
        self.store(TimelineEvent::MembersAdded { user_ids: vec![user], added_by: self.owner });
        let action = Action::Add { conversation: self.conversation, user };
        self.ask(self.owner, action, Outcome::Ok { reply: Reply::Done });
    }

    pub fn remove(&mut self, user: UserId) {
        self.store(TimelineEvent::MemberRemoved { user_id: user, removed_by: self.owner });
        let action = Action::Remove { conversation: self.conversation, user };
        self.ask(self.owner, action, Outcome::Ok { reply: Reply::Done });
    }

    /// As the store does: a message and its edits show the present content.
    fn rewrite(&mut self, id: MessageId, content: Option<&String>) {
        for frame in &mut self.events {
            match &mut frame.event {
                TimelineEvent::MessageReceived { message } if message.message_id == id => {
                    message.is_edited |= content.is_some();
                    message.is_deleted = content.is_none();
                    message.content_encrypted = content.cloned();
                }
                TimelineEvent::MessageEdited { message_id, content_encrypted, .. } if *message_id == id => {
                    *content_encrypted = content.cloned();
                }
                _ => {}
            }
        }
    }

    /// The evidence as right servers and clients would have left it.
    pub fn evidence(&self) -> Evidence {
        let truth = Truth::read(&self.events);
        let readers: Vec<UserId> = [self.owner, self.member, self.guest]
            .into_iter()
            .filter(|user| truth.present_stay(*user).is_some())
            .collect();
        let pairs: Vec<(usize, UserId)> =
            (0..2).flat_map(|replica| readers.iter().map(move |reader| (replica, *reader))).collect();
        let setting = Setting { owner: self.owner, members: vec![self.owner, self.member] };
        Evidence {
            conversations: BTreeMap::from([(self.conversation, setting)]),
            operations: self.operations.clone(),
            subscribers: vec![self.subscriber(&truth, self.member), self.subscriber(&truth, self.guest)],
            followers: vec![self.follower(&truth, self.member), self.follower(&truth, self.guest)],
            histories: pairs.iter().map(|(replica, reader)| self.history(&truth, *replica, *reader)).collect(),
            standings: pairs.iter().map(|(replica, reader)| self.standing(&truth, *replica, *reader)).collect(),
        }
    }

    /// One that began to follow at seq 2.
    fn follower(&self, truth: &Truth<'_>, user: UserId) -> Follower {
        let known = truth.present_stay(user).map(|stay| {
            let visible = self.events.iter().filter(|frame| frame.seq > 2 && stay.covers(frame.seq));
            let events = visible.map(|frame| (frame.seq, frame.clone())).collect();
            let unread_count = self.standing(truth, 0, user).state.map_or(0, |state| state.unread_count);
            (self.conversation, Followed { starts_after: 2, events, last_seq: self.last_seq(), unread_count })
        });
        Follower { user, known: known.into_iter().collect(), is_complete: true }
    }

    /// One that was connected from seq 1 on, with one reconnect in the middle of its frames.
    fn subscriber(&self, truth: &Truth<'_>, user: UserId) -> Subscriber {
        let starts = BTreeMap::from_iter((user == self.member).then_some((self.conversation, 1)));
        let visible = |frame: &&TimelineFrame| {
            (user != self.member || frame.seq > 1) && truth.stays(user).iter().any(|stay| stay.covers(frame.seq))
        };
        let half = if user == self.member { 4 } else { u64::MAX };
        let seen = self.events.iter().filter(visible).map(|frame| Seen {
            connection: if frame.seq <= half { 1 } else { 2 },
            at: 0,
            sight: Sight::Event { frame: frame.clone() },
        });
        let name = format!("device of {user}");
        Subscriber { name, user, starts, may_repeat: false, seen: seen.collect() }
    }

    fn history(&self, truth: &Truth<'_>, replica: usize, reader: UserId) -> History {
        let stay = truth.present_stay(reader).unwrap();
        let events: Vec<TimelineFrame> = self.events.iter().filter(|frame| stay.covers(frame.seq)).cloned().collect();
        let mut messages: Vec<Message> = events.iter().filter_map(|frame| self.message(truth, frame)).collect();
        let forward = messages.iter().skip(1).map(|message| message.message_id).collect();
        messages.reverse();
        History { replica, reader, conversation: self.conversation, events, messages, forward }
    }

    fn message(&self, truth: &Truth<'_>, frame: &TimelineFrame) -> Option<Message> {
        let TimelineEvent::MessageReceived { message } = &frame.event else { return None };
        Some(Message {
            message_id: message.message_id,
            conversation_id: self.conversation,
            seq: frame.seq,
            sender_id: message.sender_id,
            content_encrypted: message.content_encrypted.clone(),
            message_type: message.message_type,
            metadata: message.metadata.clone(),
            reply_to_message_id: message.reply_to_message_id,
            reactions: truth.messages.get(&message.message_id)?.reactions.clone(),
            delivery_status: DeliveryStatus::default(),
            is_edited: message.is_edited,
            is_deleted: message.is_deleted,
            created_at: message.created_at,
            updated_at: message.updated_at,
        })
    }

    fn standing(&self, truth: &Truth<'_>, replica: usize, reader: UserId) -> Standing {
        let users: Vec<UserId> =
            truth.members.keys().copied().filter(|user| truth.present_stay(*user).is_some()).collect();
        let members: Vec<Member> = users.iter().map(|user| self.member_of(*user)).collect();
        let read_seq = self.member_of(reader).read_seq;
        let stay = truth.present_stay(reader).unwrap();
        let mut newest = self.events.iter().rev().filter(|frame| stay.covers(frame.seq));
        let last_message = newest.find_map(|frame| self.message(truth, frame)).map(|message| LastMessage {
            message_id: message.message_id,
            sender_id: message.sender_id,
            content: None,
            message_type: message.message_type,
            timestamp: message.created_at,
            is_read: false,
        });
        let state = Conversation {
            conversation_id: self.conversation,
            kind: ConversationType::Group,
            name: "a good run".to_owned(),
            avatar_url: None,
            participants: Vec::new(),
            participant_count: u32::try_from(users.len()).unwrap(),
            role: Role::Member,
            last_message,
            unread_count: truth.unread(reader, read_seq),
            is_pinned: false,
            is_muted: false,
            muted_until: None,
            last_seq: self.last_seq(),
            read_seq,
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
        };
        Standing { replica, reader, conversation: self.conversation, state: Some(state), members }
    }

    fn member_of(&self, user: UserId) -> Member {
        let mine = self.operations.iter().filter(|operation| operation.actor == user && operation.outcome.is_ok());
        let (mut read_seq, mut delivered_seq) = (0, 0);
        for operation in mine {
            match operation.action {
                Action::Read { seq, .. } => read_seq = read_seq.max(seq),
                Action::Ack { seq, .. } => delivered_seq = delivered_seq.max(seq),
                _ => {}
            }
        }
        let participant = Participant {
            user_id: user,
            username: "somebody".to_owned(),
            full_name: None,
            avatar_url: None,
            role: Role::Member,
        };
        let joined_at = Timestamp::from_millis(0);
        Member { participant, joined_at, delivered_seq: delivered_seq.max(read_seq), read_seq }
    }
}
