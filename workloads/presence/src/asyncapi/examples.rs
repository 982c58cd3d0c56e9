//! One example of each frame, made from the Rust values, so that an example cannot differ from what is sent.

use std::collections::BTreeMap;

use confab_contract::error::Details;
use confab_contract::rest::conversations::ConversationType;
use confab_contract::rest::members::Role;
use confab_contract::rest::messages::MessageType;
use confab_contract::rest::users::PresenceStatus;
use confab_contract::socket::client::{ClientFrame, Resume};
use confab_contract::socket::server::{ResyncReason, ServerFrame};
use confab_contract::timeline::{TimelineEvent, TimelineFrame, TimelineMessage};
use confab_contract::{ConnectionId, ConversationId, ErrorCode, MessageId, Timestamp, UserId};
use serde::Serialize;
use serde_json::{Map, Value};

/// Digits of all example ids; they differ by their prefix, and people by their last digit.
const DIGITS: &str = "01946a2b3c4d7e8f9a0b1c2d3e4f5a6";

fn user(digit: char) -> UserId {
    format!("usr_{DIGITS}{digit}").parse().expect("an id")
}

fn conversation() -> ConversationId {
    format!("conv_{DIGITS}c").parse().expect("an id")
}

fn message() -> MessageId {
    format!("msg_{DIGITS}d").parse().expect("an id")
}

fn connection() -> ConnectionId {
    format!("conn_{DIGITS}f").parse().expect("an id")
}

fn moment() -> Timestamp {
    Timestamp::from_millis(1_736_937_000_000)
}

fn cursor() -> String {
    "c1.mBqzXH1vYk0".to_owned()
}

fn values<T: Serialize>(frames: impl IntoIterator<Item = T>) -> Vec<Value> {
    frames.into_iter().map(|frame| serde_json::to_value(frame).expect("a frame is plain data")).collect()
}

/// What a client may send.
pub fn client_frames() -> Vec<Value> {
    let resume = Resume { cursor: Some(cursor()), conversations: BTreeMap::from([(conversation(), 16)]) };
    values([
        ClientFrame::Auth { token: "eyJhbGciOiJFZERTQSJ9.e30.c2ln".into(), resume: Some(resume.clone()) },
        ClientFrame::Resume(resume),
        ClientFrame::Ack { conversation_id: conversation(), seq: 17 },
        ClientFrame::PresenceUpdate { status: PresenceStatus::Busy, status_message: Some("In a meeting".to_owned()) },
        ClientFrame::Typing { conversation_id: conversation(), is_typing: true },
        ClientFrame::SubscribePresence { user_ids: vec![user('a'), user('b')] },
        ClientFrame::UnsubscribePresence { user_ids: vec![user('b')] },
        ClientFrame::Ping { id: Some(7) },
    ])
}

/// What the server sends besides events.
pub fn server_frames() -> Vec<Value> {
    values([
        ServerFrame::AuthSuccess {
            user_id: user('a'),
            connection_id: connection(),
            cursor: Some(cursor()),
            heartbeat_seconds: 30,
            expires_at: moment(),
        },
        ServerFrame::Resumed { cursor: cursor(), replayed: 3 },
        ServerFrame::ResyncRequired { conversation_id: Some(conversation()), reason: ResyncReason::TooFarBehind },
        ServerFrame::PresenceChanged {
            user_id: user('b'),
            status: PresenceStatus::Online,
            status_message: Some("In a meeting".to_owned()),
            last_seen: Some(moment()),
        },
        ServerFrame::PresenceSubscribed { user_ids: vec![user('b')], denied: Vec::new() },
        ServerFrame::Typing { conversation_id: conversation(), user_id: user('b'), is_typing: true },
        ServerFrame::MessageRead {
            conversation_id: conversation(),
            message_id: Some(message()),
            read_seq: 17,
            read_by: user('b'),
            read_at: moment(),
        },
        ServerFrame::MessageDelivered {
            conversation_id: conversation(),
            delivered_seq: 17,
            delivered_to: user('b'),
            delivered_at: Some(moment()),
        },
        ServerFrame::Error {
            code: ErrorCode::ValidationError,
            message: "Invalid frame".to_owned(),
            details: Details::from([("is_typing".to_owned(), Value::from("Is required"))]),
            frame_type: Some("typing".to_owned()),
            retry_after: None,
        },
        ServerFrame::Pong { id: Some(7), cursor: Some(cursor()) },
        ServerFrame::Reconnect { after_ms: 1250 },
    ])
}

/// Events.
pub fn timeline_frames() -> Vec<Value> {
    let frame = |(seq, event): (usize, TimelineEvent)| TimelineFrame {
        conversation_id: conversation(),
        seq: u64::try_from(seq).unwrap_or_default() + 1,
        at: moment(),
        event,
    };
    values(events().into_iter().enumerate().map(frame))
}

fn events() -> Vec<TimelineEvent> {
    vec![
        TimelineEvent::ConversationCreated {
            conversation_type: ConversationType::Group,
            name: Some("Project Team".to_owned()),
            avatar_url: None,
            created_by: user('a'),
            member_ids: vec![user('a'), user('b')],
        },
        TimelineEvent::MessageReceived { message: timeline_message() },
        TimelineEvent::MessageEdited {
            message_id: message(),
            content_encrypted: Some("SGVsbG8h".to_owned()),
            edited_by: user('a'),
        },
        TimelineEvent::ReactionAdded { message_id: message(), user_id: user('b'), emoji: "❤️".to_owned() },
        TimelineEvent::ReactionRemoved { message_id: message(), user_id: user('b'), emoji: "❤️".to_owned() },
        TimelineEvent::MessageDeleted { message_id: message(), deleted_by: user('a') },
        TimelineEvent::MembersAdded { user_ids: vec![user('c')], added_by: user('a') },
        TimelineEvent::RoleChanged { user_id: user('b'), role: Role::Admin, changed_by: user('a') },
        TimelineEvent::ConversationUpdated {
            name: Some("Project Team 2".to_owned()),
            avatar_url: None,
            updated_by: user('b'),
        },
        TimelineEvent::MemberRemoved { user_id: user('c'), removed_by: user('b') },
        TimelineEvent::MemberLeft { user_id: user('a'), new_owner_id: Some(user('b')) },
    ]
}

fn timeline_message() -> TimelineMessage {
    TimelineMessage {
        message_id: message(),
        sender_id: user('a'),
        content_encrypted: Some("SGVsbG8=".to_owned()),
        message_type: MessageType::Text,
        metadata: Map::new(),
        reply_to_message_id: None,
        temp_id: Some("temp_12345".to_owned()),
        is_edited: false,
        is_deleted: false,
        created_at: moment(),
        updated_at: moment(),
    }
}
