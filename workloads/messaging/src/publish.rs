//! Tells other processes what was committed. Hints only: nothing here waits, and nothing here can fail a request.

use confab_contract::bus::{BusMessage, Notice, PresenceNotice, ReceiptNotice, TimelineNotice};
use confab_contract::socket::server::ServerFrame;
use confab_contract::{SessionId, TenantId, UserId};
use confab_store::presence::PresenceRow;
use confab_store::receipts::Advanced;
use confab_store::timeline::Committed;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::state::MessagingState;

/// An event of a timeline. It is encoded here, once; every process hands that very text to its clients.
pub(crate) fn committed(state: &MessagingState, tenant: &TenantId, committed: Committed) {
    let Committed { frame, joined, left } = committed;
    let Some(text) = encode(&frame) else { return };
    let notice = TimelineNotice { conversation: frame.conversation_id, seq: frame.seq, frame: text, joined, left };
    send(state, tenant, Notice::Timeline(notice));
}

/// A read watermark that moved.
pub(crate) fn read(state: &MessagingState, advanced: Advanced) {
    let Advanced { tenant, conversation, user, kind, seq, message_id, at } = advanced;
    let frame = ServerFrame::MessageRead {
        conversation_id: conversation,
        message_id,
        read_seq: seq,
        read_by: user,
        read_at: at,
    };
    let Some(text) = encode(&frame) else { return };
    send(state, &tenant, Notice::Receipt(ReceiptNotice { conversation, user, kind, seq, frame: text }));
}

/// A person's availability, with what they say about it. While the bus is away it is not told again: those who watch read
/// it when they watch anew.
pub(crate) fn availability(state: &MessagingState, tenant: &TenantId, row: PresenceRow) {
    let PresenceRow { user, status, status_message, last_seen, version } = row;
    let notice = PresenceNotice { user, status, status_message, last_seen, version };
    send(state, tenant, Notice::Presence(notice));
}

/// Sessions that were revoked: felt in this process at once, in others when the notice or their next look at the store
/// reaches them.
pub(crate) fn revoked(state: &MessagingState, tenant: &TenantId, user: UserId, sessions: &[SessionId]) {
    let now = state.clock().now();
    for &session in sessions {
        state.revocations().revoke(tenant, session, now);
        send(state, tenant, Notice::SessionRevoked { user, session });
    }
}

fn send(state: &MessagingState, tenant: &TenantId, notice: Notice) {
    state.bus().publish(BusMessage { tenant: tenant.clone(), notice });
}

fn encode(frame: &impl Serialize) -> Option<Box<RawValue>> {
    match serde_json::value::to_raw_value(frame) {
        Ok(text) => Some(text),
        Err(error) => {
            // Readers find the event in the store; what is lost is the wake-up.
            tracing::error!(error = &error as &dyn std::error::Error, "a frame could not be encoded");
            None
        }
    }
}
