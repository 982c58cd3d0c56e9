//! The protocol of one connection as a state machine without socket, store or clock: frames go in, one step each comes
//! out, and the worker carries it out.
//!
//! ```text
//! SignedOut ──auth──► (worker verifies) ──► Holding (opened with ?resume=1) ──resume──► Live
//!                                      └──────────────────────────────────────────────► Live
//! ```

use std::time::Instant;

use confab_contract::rest::users::PresenceStatus;
use confab_contract::socket::client::{ClientFrame, Resume};
use confab_contract::socket::close::CloseReason;
use confab_contract::socket::server::ServerFrame;
use confab_contract::{ApiError, ConversationId, ErrorCode, UserId, limit};
use secrecy::SecretString;

use super::flood::FloodGuard;
use super::malformed;

/// Malformed frames in a row after which a client is taken for something else than a client.
const MALFORMED_IN_A_ROW: u8 = 5;

/// How far a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Nobody has signed in.
    SignedOut,
    /// Signed in; nothing is delivered before `resume`.
    Holding,
    /// Everything flows.
    Live,
}

/// What a frame asks for.
#[derive(Debug)]
pub enum Step {
    /// Sign in, or prolong with a fresh token.
    SignIn {
        /// The token.
        token: SecretString,
        /// What the client has.
        resume: Option<Resume>,
    },
    /// Deliver what was missed, then everything.
    Resume(Resume),
    /// Move a watermark.
    Acknowledge(ConversationId, u64),
    /// Change this device's availability.
    SetPresence(PresenceStatus, Option<String>),
    /// Tell others of typing.
    Type(ConversationId, bool),
    /// Watch people.
    Watch(Vec<UserId>),
    /// Watch them no longer.
    Unwatch(Vec<UserId>),
    /// Answer a heartbeat.
    Pong(Option<u64>),
    /// Refuse the frame and go on.
    Refuse(ServerFrame),
    /// Refuse the frame, if there is something to say, and close.
    End(Option<ServerFrame>, CloseReason),
}

impl Step {
    /// Whether the tenant's limit on frames counts it. Acknowledgements, heartbeats and sign-ins are bounded by the
    /// [`FloodGuard`] alone.
    pub fn is_counted(&self) -> bool {
        matches!(self, Self::SetPresence(..) | Self::Type(..) | Self::Watch(_) | Self::Unwatch(_) | Self::Refuse(_))
    }

    /// `type` of the frame behind it, for an error about it.
    pub fn frame_type(&self) -> Option<&str> {
        Some(match self {
            Self::SignIn { .. } => "auth",
            Self::Resume(_) => "resume",
            Self::Acknowledge(..) => "ack",
            Self::SetPresence(..) => "presence_update",
            Self::Type(..) => "typing",
            Self::Watch(_) => "subscribe_presence",
            Self::Unwatch(_) => "unsubscribe_presence",
            Self::Pong(_) => "ping",
            Self::Refuse(ServerFrame::Error { frame_type, .. }) => return frame_type.as_deref(),
            Self::Refuse(_) | Self::End(..) => return None,
        })
    }
}

/// The state of one connection's protocol.
#[derive(Debug)]
pub struct Protocol {
    stage: Stage,
    malformed: u8,
    flood: FloodGuard,
}

impl Protocol {
    /// A connection that was just opened, by somebody who may have flooded us just before.
    pub fn new(now: Instant, has_flooded: bool) -> Self {
        let flood = if has_flooded { FloodGuard::after_a_flood(now) } else { FloodGuard::new(now) };
        Self { stage: Stage::SignedOut, malformed: 0, flood }
    }

    /// The worker has moved on.
    pub fn enter(&mut self, stage: Stage) {
        self.stage = stage;
    }

    /// A text frame came, on a connection that was sent so many events so far.
    pub fn on_text(&mut self, text: &str, events_sent: u32, now: Instant) -> Step {
        if !self.flood.on_frame(now) {
            return Step::End(None, CloseReason::Flooding);
        }
        match serde_json::from_str::<ClientFrame>(text) {
            Ok(frame) => {
                self.malformed = 0;
                if matches!(frame, ClientFrame::Ack { .. }) {
                    self.flood.forgive_ack(events_sent);
                }
                self.on_frame(frame)
            }
            Err(_) => self.on_malformed(text),
        }
    }

    /// A WebSocket ping or pong came. The socket answers by itself; a flood of them is a flood.
    pub fn on_control(&mut self, now: Instant) -> Option<Step> {
        (!self.flood.on_frame(now)).then_some(Step::End(None, CloseReason::Flooding))
    }

    fn on_malformed(&mut self, text: &str) -> Step {
        self.malformed += 1;
        let (error, frame_type) = malformed::explain(text);
        let frame = error_frame(error, frame_type);
        if self.malformed >= MALFORMED_IN_A_ROW {
            return Step::End(Some(frame), CloseReason::ProtocolError);
        }
        Step::Refuse(frame)
    }

    fn on_frame(&self, frame: ClientFrame) -> Step {
        let name = frame.name();
        match (self.stage, frame) {
            (_, ClientFrame::Auth { token, resume }) => self.on_auth(token, resume),
            (Stage::SignedOut, _) => {
                let error = ApiError::unauthenticated("The first frame must be auth");
                Step::End(Some(error_frame(error, Some(name.to_owned()))), CloseReason::ProtocolError)
            }
            (Stage::Holding, ClientFrame::Resume(resume)) => match resume_problem(&resume) {
                Some((field, problem)) => refuse(name, field, problem),
                None => Step::Resume(resume),
            },
            (Stage::Holding | Stage::Live, ClientFrame::Ping { id }) => Step::Pong(id),
            (Stage::Holding, _) => refuse(name, "type", "Send resume first: this connection was opened with resume=1"),
            (Stage::Live, ClientFrame::Resume(_)) => {
                refuse(name, "type", "Too late: open with resume=1 and send resume as the first frame")
            }
            (Stage::Live, frame) => on_live(frame),
        }
    }

    fn on_auth(&self, token: SecretString, resume: Option<Resume>) -> Step {
        if self.stage == Stage::Live && resume.is_some() {
            return refuse(
                "auth",
                "resume",
                "Too late: this connection delivers already. Resume with the first auth, or with resume=1",
            );
        }
        match resume.as_ref().and_then(resume_problem) {
            Some((field, problem)) => refuse("auth", &format!("resume.{field}"), problem),
            None => Step::SignIn { token, resume },
        }
    }
}

/// An `error` frame.
pub fn error_frame(error: ApiError, frame_type: Option<String>) -> ServerFrame {
    ServerFrame::Error {
        code: error.code,
        message: error.message.into_owned(),
        details: error.details,
        frame_type,
        retry_after: error.retry_after,
    }
}

fn refuse(frame_type: &str, field: &str, problem: &str) -> Step {
    Step::Refuse(error_frame(ApiError::invalid(field, problem), Some(frame_type.to_owned())))
}

fn resume_problem(resume: &Resume) -> Option<(&'static str, &'static str)> {
    let too_many = resume.conversations.len() > limit::RESUME_CONVERSATIONS;
    too_many.then_some(("conversations", "At most 1,000; name the newest, the cursor stands for the others"))
}

fn on_live(frame: ClientFrame) -> Step {
    let name = frame.name();
    match frame {
        ClientFrame::Ack { conversation_id, seq } => Step::Acknowledge(conversation_id, seq),
        ClientFrame::PresenceUpdate { status, status_message } => on_presence(status, status_message),
        ClientFrame::Typing { conversation_id, is_typing } => Step::Type(conversation_id, is_typing),
        ClientFrame::SubscribePresence { user_ids } => match people_problem(&user_ids) {
            Some(problem) => refuse(name, "user_ids", problem),
            None => Step::Watch(user_ids),
        },
        ClientFrame::UnsubscribePresence { user_ids } => match people_problem(&user_ids) {
            Some(problem) => refuse(name, "user_ids", problem),
            None => Step::Unwatch(user_ids),
        },
        ClientFrame::Ping { id } => Step::Pong(id),
        ClientFrame::Auth { .. } | ClientFrame::Resume(_) => refuse(name, "type", "Not now"),
    }
}

fn on_presence(status: PresenceStatus, status_message: Option<String>) -> Step {
    let problem = status_message.as_deref().and_then(|text| {
        if text.chars().count() > limit::STATUS_MESSAGE_CHARS {
            return Some("Must have 200 characters at most");
        }
        text.contains('\0').then_some("Must not contain NUL")
    });
    match problem {
        Some(problem) => refuse("presence_update", "status_message", problem),
        None => Step::SetPresence(status, status_message),
    }
}

fn people_problem(user_ids: &[UserId]) -> Option<&'static str> {
    if user_ids.is_empty() {
        return Some("Name at least one person");
    }
    (user_ids.len() > limit::PRESENCE_SUBSCRIPTIONS_PER_FRAME).then_some("At most 500 in one frame")
}

/// The error for a frame beyond the tenant's limit.
pub fn rate_limited(retry_after: u32) -> ApiError {
    ApiError::new(ErrorCode::RateLimitExceeded, "Too many frames").retry_after(retry_after)
}

#[cfg(test)]
mod tests;
