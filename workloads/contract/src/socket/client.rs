//! Frames from clients.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use crate::rest::users::PresenceStatus;
use crate::{ConversationId, UserId};

/// A frame from a client, by its `type`. Unknown types and fields are refused with an `error` frame.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientFrame {
    /// Signs the connection in; later, with a fresh token of the same session, it prolongs the connection.
    Auth {
        /// An access token.
        #[serde(serialize_with = "expose")]
        #[schema(value_type = String)]
        token: SecretString,
        /// What the client has from earlier connections.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume: Option<Resume>,
    },
    /// Says what the client has, on a connection that was opened with `?resume=1`.
    Resume(Resume),
    /// Says that this device has every event of a conversation up to `seq`. It makes messages `delivered`.
    Ack {
        /// The conversation.
        conversation_id: ConversationId,
        /// The newest `seq` that the device has stored.
        seq: u64,
    },
    /// Sets this device's availability, and the person's status message.
    PresenceUpdate {
        /// Availability of this device.
        status: PresenceStatus,
        /// Absent: unchanged. Empty: cleared.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status_message: Option<String>,
    },
    /// Says that the person began or stopped typing. It ends by itself after a few seconds.
    Typing {
        /// Where.
        conversation_id: ConversationId,
        /// Began or stopped.
        is_typing: bool,
    },
    /// Watches the availability of people; answered by `presence_subscribed` and a `presence_changed` for each.
    SubscribePresence {
        /// Whom.
        user_ids: Vec<UserId>,
    },
    /// Stops watching.
    UnsubscribePresence {
        /// Whom.
        user_ids: Vec<UserId>,
    },
    /// Asks for a `pong`, for clients that cannot send WebSocket pings.
    Ping {
        /// Comes back in the `pong`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
    },
}

impl ClientFrame {
    /// Its `type`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Auth { .. } => "auth",
            Self::Resume(_) => "resume",
            Self::Ack { .. } => "ack",
            Self::PresenceUpdate { .. } => "presence_update",
            Self::Typing { .. } => "typing",
            Self::SubscribePresence { .. } => "subscribe_presence",
            Self::UnsubscribePresence { .. } => "unsubscribe_presence",
            Self::Ping { .. } => "ping",
        }
    }
}

/// What a client has: the last `seq` of each conversation of which it saw an event, and for all others a cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// The newest that came in `auth_success`, `resumed`, `pong` or `GET /v1/sync`. None of them gives one while events
    /// that it would cover are still owed, so that a client may always keep the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "c1.AAEC...")]
    pub cursor: Option<String>,
    /// The last `seq` seen, by conversation; at most 1,000 of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub conversations: BTreeMap<ConversationId, u64>,
}

/// Clients in our own tests and tour write tokens; servers never do.
fn expose<S: Serializer>(token: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    use secrecy::ExposeSecret as _;
    serializer.serialize_str(token.expose_secret())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ClientFrame, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn frames_are_told_apart_by_type() {
        assert!(matches!(parse(r#"{"type":"ping"}"#), Ok(ClientFrame::Ping { id: None })));
        assert!(matches!(parse(r#"{"type":"resume","cursor":"c1.x"}"#), Ok(ClientFrame::Resume(_))));
    }

    #[test]
    fn unknown_types_and_fields_are_refused() {
        for bad in [r#"{"type":"nope"}"#, r#"{"type":"ping","x":1}"#, r#"{"type":"resume","x":1}"#, "{}", "[]"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_token_is_not_printed() {
        let frame = parse(r#"{"type":"auth","token":"canary"}"#).expect("a well-formed frame");
        assert!(!format!("{frame:?}").contains("canary"));
    }
}
