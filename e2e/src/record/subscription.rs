//! What one subscriber saw over all its connections.

use std::collections::BTreeMap;

use confab_contract::bus::ReceiptKind;
use confab_contract::socket::server::ResyncReason;
use confab_contract::timeline::TimelineFrame;
use confab_contract::{ConversationId, ErrorCode, UserId};
use serde::{Deserialize, Serialize};

/// One device of one person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Subscriber {
    /// Its name in problems.
    pub name: String,
    /// Whose device it is.
    pub user: UserId,
    /// The `seq` that each conversation had reached when the device first connected: it is owed all after it.
    pub starts: BTreeMap<ConversationId, u64>,
    /// The device resumes by cursor alone, so the first frames after a reconnect may repeat what it had.
    pub may_repeat: bool,
    /// In the order in which the device saw it.
    pub seen: Vec<Seen>,
}

/// One thing that a device saw.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Seen {
    /// On which of its connections, from 1.
    pub connection: u32,
    /// Microseconds from the beginning of the run.
    pub at: u64,
    /// What.
    #[serde(flatten)]
    pub sight: Sight,
}

/// What a device saw.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "sight", rename_all = "snake_case")]
pub enum Sight {
    /// The server accepted the connection.
    Connected {
        /// Which of the servers.
        replica: usize,
        /// Whether it came to resume.
        resuming: bool,
    },
    /// The replay is complete.
    Resumed {
        /// Events replayed.
        replayed: u64,
    },
    /// An event.
    Event {
        /// As it came.
        frame: TimelineFrame,
    },
    /// A watermark.
    Receipt {
        /// Where.
        conversation: ConversationId,
        /// Whose.
        user: UserId,
        /// Which.
        kind: ReceiptKind,
        /// Where it stands.
        seq: u64,
    },
    /// The server cannot continue.
    Resync {
        /// Where; all, if `None`.
        conversation: Option<ConversationId>,
        /// Why.
        reason: ResyncReason,
    },
    /// After a resync: what the device read over REST instead, from where it may see.
    Reread {
        /// Where.
        conversation: ConversationId,
        /// In the order of `seq`.
        events: Vec<TimelineFrame>,
    },
    /// The server refused a frame.
    Error {
        /// Machine-readable code; `None` for a frame that is not of the protocol.
        code: Option<ErrorCode>,
        /// What it said.
        text: String,
    },
    /// The connection ended.
    Closed {
        /// The close code; `None` when the connection was cut.
        code: Option<u16>,
        /// Whether the device itself cut it.
        by_us: bool,
    },
}
