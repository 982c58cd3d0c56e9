//! Frames to clients, besides the timeline's own ([`crate::timeline::TimelineFrame`]).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{Details, ErrorCode};
use crate::rest::users::PresenceStatus;
use crate::{ConnectionId, ConversationId, MessageId, Timestamp, UserId};

/// A frame from the server that is not part of a timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The connection is signed in.
    AuthSuccess {
        /// Who.
        user_id: UserId,
        /// Names this connection in logs.
        connection_id: ConnectionId,
        /// From here on this connection sees everything. Absent while events are still owed to it: before a resume is
        /// answered with `resumed`, and during a replay.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[schema(example = "c1.AAEC...")]
        cursor: Option<String>,
        /// The server sends a WebSocket ping at least this often, in seconds.
        heartbeat_seconds: u32,
        /// When the token ends; send `auth` with a fresh one before.
        expires_at: Timestamp,
    },
    /// All that the client missed has been sent; live delivery goes on from here.
    Resumed {
        /// The point up to which conversations that were not named are complete.
        #[schema(example = "c1.AAEC...")]
        cursor: String,
        /// How many events were replayed.
        replayed: u64,
    },
    /// The server cannot continue where the client is: read it anew over REST.
    ResyncRequired {
        /// Which conversation; `null` means all.
        conversation_id: Option<ConversationId>,
        /// Why.
        reason: ResyncReason,
    },
    /// A person's availability, as a snapshot after subscribing and on each change.
    PresenceChanged {
        /// Who.
        user_id: UserId,
        /// Availability over all their devices.
        status: PresenceStatus,
        /// What they say about it.
        status_message: Option<String>,
        /// When a device was last connected, to within some fifteen seconds: now, while one is; `null` if never.
        last_seen: Option<Timestamp>,
    },
    /// Answers `subscribe_presence`.
    PresenceSubscribed {
        /// Now watched; each is followed by a `presence_changed`.
        user_ids: Vec<UserId>,
        /// Not visible to this person: they share no conversation, or do not exist.
        denied: Vec<UserId>,
    },
    /// Somebody began or stopped typing. Not sequenced; may be dropped.
    Typing {
        /// Where.
        conversation_id: ConversationId,
        /// Who.
        user_id: UserId,
        /// Began or stopped.
        is_typing: bool,
    },
    /// Somebody has read up to a message. A watermark: it counts for all messages before. Conflated under load.
    MessageRead {
        /// Where.
        conversation_id: ConversationId,
        /// The newest message that was read.
        message_id: Option<MessageId>,
        /// The watermark.
        read_seq: u64,
        /// Who; on the reader's own other devices too.
        read_by: UserId,
        /// When.
        read_at: Timestamp,
    },
    /// A device of somebody has acknowledged up to `delivered_seq`. A watermark, conflated under load.
    MessageDelivered {
        /// Where.
        conversation_id: ConversationId,
        /// The watermark.
        delivered_seq: u64,
        /// Who.
        delivered_to: UserId,
        /// When; absent where it is told anew what somebody has since long.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        delivered_at: Option<Timestamp>,
    },
    /// A frame from the client was refused. The connection stays open unless a close follows.
    Error {
        /// Machine-readable code.
        code: ErrorCode,
        /// One sentence.
        message: String,
        /// Facts, mostly by field.
        #[schema(value_type = Object)]
        details: Details,
        /// `type` of the refused frame, if it could be read.
        frame_type: Option<String>,
        /// Seconds after which a retry makes sense.
        retry_after: Option<u32>,
    },
    /// Answers `ping`.
    Pong {
        /// As in the `ping`.
        id: Option<u64>,
        /// A fresh cursor: all conversations are complete up to it, except those that are being replayed.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        cursor: Option<String>,
    },
    /// The server is about to close: connect again after this delay, and resume. Nothing is lost.
    Reconnect {
        /// Milliseconds to wait; different for each client, so that they do not come all at once.
        after_ms: u32,
    },
}

/// Why a client must read anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResyncReason {
    /// More events are missing than a resume replays.
    TooFarBehind,
    /// The client has a `seq` that the server never gave, as after a restore from a backup.
    AheadOfServer,
    /// The person is not, or no longer, a member.
    NotAMember,
    /// The server cannot read events that it has; whoever runs it is told.
    Unreadable,
    /// The cursor is malformed, was changed, or belongs to somebody else.
    InvalidCursor,
}
