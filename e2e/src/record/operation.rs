//! One request of the driver and what came of it.

use confab_contract::{ConversationId, MessageId, UserId};
use serde::{Deserialize, Serialize};

/// One request, or one `ack` frame.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Operation {
    /// Its name in problems; unique within the run.
    pub number: u64,
    /// Who asked.
    pub actor: UserId,
    /// Which of the servers was asked.
    pub replica: usize,
    /// Microseconds from the beginning of the run to the beginning of the request.
    pub began: u64,
    /// Microseconds from the beginning of the run to the outcome.
    pub ended: u64,
    /// What was asked.
    pub action: Action,
    /// What came of it.
    pub outcome: Outcome,
}

/// What was asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// A message.
    Send {
        /// Where.
        conversation: ConversationId,
        /// Names the message over all its attempts. Without one there is a single attempt.
        temp_id: Option<String>,
        /// Base64; unique to the message.
        content: String,
        /// The message that it answers.
        reply_to: Option<MessageId>,
        /// Why this attempt was made.
        intent: Intent,
    },
    /// New content for an own message.
    Edit {
        /// Where.
        conversation: ConversationId,
        /// Which message.
        message: MessageId,
        /// Base64; unique to the edit.
        content: String,
    },
    /// Deletion for everyone.
    Delete {
        /// Where.
        conversation: ConversationId,
        /// Which message.
        message: MessageId,
    },
    /// A reaction given or taken back.
    React {
        /// Where.
        conversation: ConversationId,
        /// To which message.
        message: MessageId,
        /// With what.
        emoji: String,
        /// Given, or taken back.
        added: bool,
    },
    /// The read watermark.
    Read {
        /// Where.
        conversation: ConversationId,
        /// Up to which message.
        message: MessageId,
        /// Its `seq`.
        seq: u64,
    },
    /// A new member.
    Add {
        /// Where.
        conversation: ConversationId,
        /// Who.
        user: UserId,
    },
    /// A member removed.
    Remove {
        /// Where.
        conversation: ConversationId,
        /// Who.
        user: UserId,
    },
    /// The delivered watermark, over a socket. It has no reply.
    Ack {
        /// Where.
        conversation: ConversationId,
        /// Up to which `seq`.
        seq: u64,
    },
}

impl Action {
    /// Where it was to happen.
    pub fn conversation(&self) -> ConversationId {
        match self {
            Self::Send { conversation, .. }
            | Self::Edit { conversation, .. }
            | Self::Delete { conversation, .. }
            | Self::React { conversation, .. }
            | Self::Read { conversation, .. }
            | Self::Add { conversation, .. }
            | Self::Remove { conversation, .. }
            | Self::Ack { conversation, .. } => *conversation,
        }
    }
}

/// Why an attempt to send was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// The first attempt.
    First,
    /// At the same time as another attempt with the same `temp_id` and body.
    Twin,
    /// Again, because the outcome of the attempt before is not known.
    Retry,
    /// Again, although the attempt before was answered.
    Repeat,
    /// Another body under a `temp_id` that is taken: must be refused with 409.
    OtherBody,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// 2xx.
    Ok {
        /// What was answered.
        reply: Reply,
    },
    /// A definite 4xx: nothing was stored.
    Refused {
        /// The status.
        status: u16,
        /// The machine-readable code and the sentence.
        why: String,
    },
    /// No connection could be made: the request never left.
    NotSent,
    /// Time-out, a connection lost, a 5xx: it may have happened, and may still happen.
    Unknown {
        /// What was seen.
        why: String,
    },
}

impl Outcome {
    /// Whether the request may have had, or may yet have, an effect.
    pub fn is_possible(&self) -> bool {
        matches!(self, Self::Ok { .. } | Self::Unknown { .. })
    }

    /// Whether it was acknowledged.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Ok { .. })
    }
}

/// The part of a good reply that the checker holds the server to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// A message.
    Sent {
        /// Its id.
        message: MessageId,
        /// Its place.
        seq: u64,
    },
    /// An edit.
    Edited {
        /// Its place.
        seq: u64,
    },
    /// It was done.
    Done,
}
