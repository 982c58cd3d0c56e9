//! A message on its way into a batch.

use std::fmt::Write as _;

use aws_lc_rs::digest;
use confab_contract::rest::messages::{MessageType, SentMessage};
use confab_contract::timeline::{TimelineEvent, TimelineFrame, TimelineMessage};
use confab_contract::{ConversationId, MessageId, TenantId};
use serde_json::{Map, Value};
use tokio::sync::oneshot;

use super::plan::Stored;
use crate::messages::{NewMessage, Sent};
use crate::sabotage::Sabotage;
use crate::{Committed, Refusal, WriteError};

/// Hex digits of a digest that are kept: 128 bits. Whoever finds two bodies with one digest cheats only themselves.
const DIGEST_DIGITS: usize = 32;

/// A message with all that can be computed before it reaches the writer.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) tenant: TenantId,
    pub(super) message: NewMessage,
    /// Column `metadata`.
    pub(super) metadata: String,
    /// Of the body, with a `temp_id`.
    pub(super) digest: Option<String>,
    reply: oneshot::Sender<Result<Sent, WriteError>>,
}

impl Job {
    pub(super) fn new(tenant: TenantId, message: NewMessage, reply: oneshot::Sender<Result<Sent, WriteError>>) -> Self {
        let metadata = canonical(&message.metadata);
        let digest = message.temp_id.as_ref().map(|_| digest(&message, &metadata));
        Self { tenant, message, metadata, digest, reply }
    }

    pub(super) fn bytes(&self) -> usize {
        self.message.content_encrypted.len() + self.metadata.len()
    }

    pub(super) fn conversation(&self) -> (TenantId, ConversationId) {
        (self.tenant.clone(), self.message.conversation)
    }

    /// By what a retry is recognised.
    pub(super) fn temp_id(&self) -> Option<&str> {
        if Sabotage::SkipDuplicateCheck.is_on() {
            return None;
        }
        self.message.temp_id.as_deref()
    }

    /// Tells the caller, if there still is one.
    pub(super) fn answer(self, result: Result<Sent, WriteError>) {
        let _ = self.reply.send(result);
    }

    /// Tells the caller what was stored.
    pub(super) fn answer_stored(self, verdict: Result<Stored, Refusal>) {
        let Self { message, reply, .. } = self;
        let result = verdict.map_err(WriteError::from).map(|stored| sent(message, stored));
        let _ = reply.send(result);
    }
}

fn sent(message: NewMessage, stored: Stored) -> Sent {
    let (conversation_id, sender_id) = (message.conversation, message.sender);
    let reply = |message_id, seq, created_at, temp_id| SentMessage {
        message_id,
        conversation_id,
        seq,
        sender_id,
        temp_id,
        created_at,
    };
    match stored {
        Stored::Before { message_id, seq, created_at } => {
            Sent { message: reply(message_id, seq, created_at, message.temp_id), committed: None }
        }
        Stored::Now { seq } => {
            let sent = reply(message.id, seq, message.at, message.temp_id.clone());
            let frame = TimelineFrame {
                conversation_id,
                seq,
                at: message.at,
                event: TimelineEvent::MessageReceived { message: as_timeline(message) },
            };
            Sent { message: sent, committed: Some(Committed::of(frame)) }
        }
    }
}

fn as_timeline(message: NewMessage) -> TimelineMessage {
    TimelineMessage {
        message_id: message.id,
        sender_id: message.sender,
        content_encrypted: Some(message.content_encrypted),
        message_type: message.message_type,
        metadata: message.metadata,
        reply_to_message_id: message.reply_to,
        temp_id: message.temp_id,
        is_edited: false,
        is_deleted: false,
        created_at: message.at,
        updated_at: message.at,
    }
}

/// As JSON with sorted keys, whatever order they came in.
fn canonical(metadata: &Map<String, Value>) -> String {
    if metadata.is_empty() {
        return "{}".to_owned();
    }
    let mut value = Value::Object(metadata.clone());
    value.sort_all_objects();
    value.to_string()
}

/// Of all that makes two sends the same one.
fn digest(message: &NewMessage, metadata: &str) -> String {
    let body: (MessageType, Option<MessageId>, &str, &str) =
        (message.message_type, message.reply_to, metadata, &message.content_encrypted);
    let body = serde_json::to_vec(&body).expect("ids and text are JSON");
    let mut hex = String::with_capacity(DIGEST_DIGITS);
    for byte in &digest::digest(&digest::SHA256, &body).as_ref()[..DIGEST_DIGITS / 2] {
        write!(hex, "{byte:02x}").expect("a string takes all text");
    }
    hex
}
