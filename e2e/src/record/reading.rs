//! What the servers answer once all is quiet.

use std::collections::BTreeMap;

use confab_contract::rest::conversations::Conversation;
use confab_contract::rest::members::Member;
use confab_contract::rest::messages::Message;
use confab_contract::timeline::TimelineFrame;
use confab_contract::{ConversationId, MessageId, UserId};
use serde::{Deserialize, Serialize};

/// A conversation as one replica shows it to one reader.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct History {
    /// Which of the servers.
    pub replica: usize,
    /// Who read.
    pub reader: UserId,
    /// What was read.
    pub conversation: ConversationId,
    /// `GET …/events`, all pages.
    pub events: Vec<TimelineFrame>,
    /// `GET …/messages`, all pages backward from the newest.
    pub messages: Vec<Message>,
    /// The ids of `GET …/messages?after=`, all pages forward from the oldest, which is itself left out.
    pub forward: Vec<MessageId>,
}

/// The state of a conversation for one reader on one replica.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Standing {
    /// Which of the servers.
    pub replica: usize,
    /// Who read.
    pub reader: UserId,
    /// Of what.
    pub conversation: ConversationId,
    /// The conversation; `None` when the reader is not a member.
    pub state: Option<Conversation>,
    /// Its members with their watermarks; empty when the reader is not a member.
    pub members: Vec<Member>,
}

/// What one person knows who only ever asked what had changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Follower {
    /// Who.
    pub user: UserId,
    /// The conversations that the person is in, as far as it was told.
    pub known: BTreeMap<ConversationId, Followed>,
    /// Whether the last look came to an end.
    pub is_complete: bool,
}

/// A conversation as a [`Follower`] knows it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Followed {
    /// Where the follower began: it is owed all events after this `seq` that it may see.
    pub starts_after: u64,
    /// By `seq`, each as it came last.
    pub events: BTreeMap<u64, TimelineFrame>,
    /// Where the conversation is said to end.
    pub last_seq: u64,
    /// What is said to be unread.
    pub unread_count: u64,
}

impl Followed {
    /// Up to where the follower has everything.
    pub fn last(&self) -> u64 {
        self.events.last_key_value().map_or(self.starts_after, |(seq, _)| *seq)
    }
}
