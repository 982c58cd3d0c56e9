//! What the servers answer once all is quiet.

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
