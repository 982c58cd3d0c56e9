//! One conversation in one process: its events in dense order, and the connections that get them.
//!
//! **Everything that decides who gets which event happens under the feed's lock**: emitting, attaching, leaving. Under it
//! the hub's list of people and a connection's books and mailbox may be locked, never the other way round.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::extract::ws::Utf8Bytes;
use confab_contract::bus::{ReceiptKind, ReceiptNotice};
use confab_contract::socket::server::{ResyncReason, ServerFrame};
use confab_contract::{ConversationId, UserId};
use confab_store::receipts::Watermark;

use super::receipts::Receipts;
use super::recent::Recent;
use super::sequencer::{Offered, Sequencer};
use super::tenant::TenantHub;
use super::typing::Typing;
use crate::event::{Event, encode};
use crate::session::catch_up::CatchUp;
use crate::session::outbox::Queued;
use crate::session::{Session, lock};
use crate::watermarks::{Standing, standings};

/// A conversation that somebody here follows.
#[derive(Debug)]
pub struct Feed {
    /// Which.
    pub conversation: ConversationId,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    order: Sequencer<Event>,
    readers: Vec<Reader>,
    recent: Recent,
    /// Connections that are being brought up to date; they keep the feed alive.
    pending: u32,
    is_healing: bool,
    /// Out of the hub's map: whoever holds it still must ask the hub for its successor.
    is_gone: bool,
    typing: Typing,
    receipts: Receipts,
    needs_attention: bool,
}

/// A connection and what it had already when it was attached.
#[derive(Debug)]
struct Reader {
    session: Arc<Session>,
    after: u64,
}

/// How an attempt to attach ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Attached {
    /// From now on the feed delivers. So many events that the connection had missed are in its queue.
    Live(u64),
    /// The feed is ahead of the connection, by these events: too many for its queue.
    Ahead(Vec<Utf8Bytes>),
    /// The feed, or the store, is ahead of the connection: read on from the store.
    Behind,
}

/// The feed is out of the map.
#[derive(Debug, PartialEq, Eq)]
pub struct Gone;

impl Feed {
    /// A conversation that is known to reach `known`, and that nobody reads yet.
    pub fn new(conversation: ConversationId, known: u64) -> Self {
        let state = State {
            order: Sequencer::new(0, known),
            readers: Vec::new(),
            recent: Recent::default(),
            pending: 0,
            is_healing: false,
            is_gone: false,
            typing: Typing::default(),
            receipts: Receipts::default(),
            needs_attention: false,
        };
        Self { conversation, state: Mutex::new(state) }
    }

    /// Keeps the feed alive for a connection that will attach.
    pub fn expect(&self) -> Result<(), Gone> {
        let mut state = lock(&self.state);
        if state.is_gone {
            return Err(Gone);
        }
        state.pending += 1;
        Ok(())
    }

    /// That connection will not attach after all.
    pub fn expect_no_more(&self) {
        let mut state = lock(&self.state);
        state.pending = state.pending.saturating_sub(1);
    }

    /// Attaches a connection that was expected, is a member, and has everything up to `after`, in a conversation that
    /// is known to reach `reaches`.
    pub fn attach(self: &Arc<Self>, session: &Arc<Session>, after: u64, reaches: u64) -> Attached {
        let mut state = lock(&self.state);
        if state.readers.is_empty() && after >= reaches {
            state.order.skip_to(after);
        }
        let last = state.order.last();
        if after < reaches && last < reaches {
            return Attached::Behind;
        }
        if last > after {
            let Some(missed) = state.recent.between(after, last) else { return Attached::Behind };
            if missed.len() > session.room_for_missed() {
                return Attached::Ahead(missed.cloned().collect());
            }
            missed.cloned().for_each(|text| session.push_event(text));
        }
        state.order.learn(after);
        state.pending = state.pending.saturating_sub(1);
        state.readers.push(Reader { session: Arc::clone(session), after: after.max(last) });
        session.go_live(self.conversation);
        self.heal_if_behind(&mut state, &session.hub);
        Attached::Live(last.saturating_sub(after))
    }

    /// Gives up a replay at `after`, unless the feed has gone on: then there is more to look at first.
    pub fn give_up(&self, session: &Session, after: u64) -> Attached {
        let mut state = lock(&self.state);
        if state.order.last() > after {
            return Attached::Behind;
        }
        state.pending = state.pending.saturating_sub(1);
        session.unlink(self.conversation);
        Attached::Live(0)
    }

    /// A connection has ended.
    pub fn depart(&self, session: &Session, was_live: bool) {
        let mut state = lock(&self.state);
        if was_live {
            state.readers.retain(|reader| reader.session.id != session.id);
        } else {
            state.pending = state.pending.saturating_sub(1);
        }
    }

    /// Gives back memory that only a busy conversation needs.
    pub fn age(&self) {
        lock(&self.state).recent.age();
    }

    /// Marks the feed as gone if nobody needs it, and says how far the conversation is known to reach.
    pub fn retire(&self) -> Option<u64> {
        let mut state = lock(&self.state);
        if !state.readers.is_empty() || state.pending > 0 {
            return None;
        }
        state.is_gone = true;
        Some(state.order.known())
    }

    /// An event came over the bus or out of the store.
    pub fn accept(self: &Arc<Self>, hub: &Arc<TenantHub>, seq: u64, event: Event) -> Result<(), Gone> {
        let mut state = lock(&self.state);
        if state.is_gone {
            return Err(Gone);
        }
        if state.readers.is_empty() {
            // Nobody misses what came before; those who join by this very event are attached by emitting it.
            state.order.skip_to(seq.saturating_sub(1));
        }
        match state.order.offer(seq, event) {
            Offered::Next(event) => {
                self.emit(&mut state, hub, seq, &event);
                while let Some((seq, event)) = state.order.pop_next() {
                    self.emit(&mut state, hub, seq, &event);
                }
            }
            // It was skipped while nobody followed. Who joined by it, and is not here yet, catches up from the store.
            Offered::Old(event) => hub.catch_up_joined(&event.joined, self.conversation),
            Offered::Early => self.heal_if_behind(&mut state, hub),
        }
        Ok(())
    }

    /// The store knows the conversation up to `seq`.
    pub fn learn(self: &Arc<Self>, hub: &Arc<TenantHub>, seq: u64) {
        let mut state = lock(&self.state);
        if state.readers.is_empty() {
            state.order.skip_to(seq);
        } else {
            state.order.learn(seq);
            self.heal_if_behind(&mut state, hub);
        }
    }

    /// How far the conversation is known to reach.
    pub fn known(&self) -> u64 {
        lock(&self.state).order.known()
    }

    /// Whether everything up to `seq` was delivered to those who are attached.
    pub fn has_settled(&self, seq: u64) -> bool {
        let state = lock(&self.state);
        state.is_gone || state.readers.is_empty() || state.order.last() >= seq
    }

    /// What a healing task should read: after which `seq`, and up to which. `None` ends it.
    pub fn missing(&self) -> Option<(u64, u64)> {
        let mut state = lock(&self.state);
        if state.is_gone || state.readers.is_empty() || !state.order.is_behind() {
            state.is_healing = false;
            return None;
        }
        Some((state.order.last(), state.order.known()))
    }

    /// Frames that wait for a connection here that is neither quick nor slow.
    pub fn usual_queue(&self) -> usize {
        let mut queues: Vec<usize> = lock(&self.state).readers.iter().map(|reader| reader.session.queued()).collect();
        queues.sort_unstable();
        queues.get(queues.len() / 2).copied().unwrap_or_default()
    }

    /// The store cannot give what is missing, for good: readers are told to read the conversation anew, and delivery goes
    /// on with what comes next.
    pub fn skip_unreadable(&self) {
        let mut state = lock(&self.state);
        let known = state.order.known();
        state.order.skip_to(known);
        state.recent.clear();
        let (conversation_id, reason) = (Some(self.conversation), ResyncReason::Unreadable);
        let frame = encode(&ServerFrame::ResyncRequired { conversation_id, reason });
        for reader in state.readers.iter().filter(|reader| known > reader.after) {
            reader.session.push(Queued::Frame(frame.clone()));
        }
    }

    fn heal_if_behind(self: &Arc<Self>, state: &mut State, hub: &Arc<TenantHub>) {
        if state.order.is_behind() && !state.is_healing && !state.readers.is_empty() {
            state.is_healing = true;
            super::healing::spawn(Arc::clone(hub), Arc::clone(self));
        }
    }

    fn emit(self: &Arc<Self>, state: &mut State, hub: &TenantHub, seq: u64, event: &Event) {
        self.admit(state, hub, seq, &event.joined);
        if !state.typing.is_empty()
            && let Some(sender) = event.sender()
            && state.typing.remove(sender)
        {
            self.tell_typing(state, sender, false);
        }
        let mut delivered = 0;
        for reader in state.readers.iter().filter(|reader| seq > reader.after) {
            delivered += 1;
            #[cfg(feature = "sabotage")]
            if crate::sabotage::drops_fan_out() {
                continue;
            }
            reader.session.push_event(event.text.clone());
        }
        hub.core.metrics.deliveries.inc_by(delivered);
        if event.joined.is_empty() && event.left.is_empty() {
            state.recent.push(seq, &event.text, state.pending > 0);
        } else {
            state.recent.clear();
        }
        if !event.left.is_empty() {
            self.detach_leavers(state, hub, seq, &event.left);
        }
    }

    /// Lets in those who joined by an event that is emitted now. Who may have seen it already, on another process that is
    /// ahead of this one, or may have left since, asks the store first.
    fn admit(self: &Arc<Self>, state: &mut State, hub: &TenantHub, seq: u64, joined: &[UserId]) {
        let is_newest = seq >= state.order.known();
        for session in hub.sessions_of(joined).into_iter().filter(|session| session.takes_joins()) {
            if session.feed(self.conversation).is_some() {
                continue;
            }
            if session.is_young() || !is_newest {
                session.send_on_errands(vec![CatchUp::Join { conversation: self.conversation, by_event: true }]);
            } else if session.claim(self.conversation, self, true) {
                state.readers.push(Reader { session, after: seq - 1 });
            }
        }
    }

    fn detach_leavers(&self, state: &mut State, hub: &TenantHub, seq: u64, left: &[UserId]) {
        state.readers.retain(|reader| {
            let leaves = seq > reader.after && left.contains(&reader.session.user);
            if leaves {
                reader.session.unlink(self.conversation);
            }
            !leaves
        });
        for user in left {
            state.typing.remove(*user);
        }
        hub.recheck_visibility(left);
    }

    /// Somebody types, or stopped.
    pub fn on_typing(self: &Arc<Self>, hub: &TenantHub, user: UserId, is_typing: bool, now: Instant) {
        let mut state = lock(&self.state);
        if state.typing.set(user, is_typing, now, hub.core.settings.typing_lasts()) {
            self.tell_typing(&state, user, is_typing);
        }
        self.ask_for_attention(&mut state, hub);
    }

    /// A watermark moved.
    pub fn on_receipt(self: &Arc<Self>, hub: &TenantHub, notice: &ReceiptNotice, now: Instant) {
        let mut state = lock(&self.state);
        let frame = || Utf8Bytes::from(notice.frame.get().to_owned());
        state.receipts.put(notice.user, notice.kind, notice.seq, frame);
        self.deliver_receipts(&mut state, now);
        self.ask_for_attention(&mut state, hub);
    }

    /// Watermarks were read from the store. Those that readers were told already are no news.
    pub fn on_watermarks(self: &Arc<Self>, hub: &TenantHub, watermarks: &[(ConversationId, Watermark)], now: Instant) {
        let mut state = lock(&self.state);
        if state.readers.is_empty() {
            return;
        }
        for (conversation, watermark) in watermarks {
            for Standing { kind, seq, frame } in standings(*conversation, watermark) {
                state.receipts.put(watermark.user, kind, seq, || encode(&frame));
            }
        }
        self.deliver_receipts(&mut state, now);
        self.ask_for_attention(&mut state, hub);
    }

    /// Does what time alone brings: typing that ended, watermarks that waited. Says whether to look again.
    pub fn attend(&self, now: Instant) -> bool {
        let mut state = lock(&self.state);
        for user in state.typing.expire(now) {
            self.tell_typing(&state, user, false);
        }
        self.deliver_receipts(&mut state, now);
        if state.readers.is_empty() {
            state.typing = Typing::default();
            state.receipts = Receipts::default();
        }
        state.needs_attention = !state.typing.is_empty() || !state.receipts.is_empty();
        state.needs_attention
    }

    fn ask_for_attention(self: &Arc<Self>, state: &mut State, hub: &TenantHub) {
        let needed = !state.typing.is_empty() || !state.receipts.is_empty();
        if needed && !state.needs_attention {
            state.needs_attention = true;
            hub.attend_to(Arc::clone(self));
        }
    }

    fn tell_typing(&self, state: &State, user: UserId, is_typing: bool) {
        let frame = encode(&ServerFrame::Typing { conversation_id: self.conversation, user_id: user, is_typing });
        for reader in state.readers.iter().filter(|reader| reader.session.user != user) {
            reader.session.push(Queued::Typing(frame.clone()));
        }
    }

    /// A reader is going to be shown where a member stands.
    pub fn show_standing(&self, user: UserId, kind: ReceiptKind, seq: u64) {
        lock(&self.state).receipts.show(user, kind, seq);
    }

    /// Whether those who are attached were told of a later watermark than this.
    pub fn has_told_later(&self, user: UserId, kind: ReceiptKind, seq: u64) -> bool {
        lock(&self.state).receipts.has_told_later(user, kind, seq)
    }

    fn deliver_receipts(&self, state: &mut State, now: Instant) {
        for receipt in state.receipts.take(state.readers.len(), now) {
            for reader in &state.readers {
                // That a device of mine has it is news for others; that I have read it, for my other devices too.
                if receipt.kind == ReceiptKind::Delivered && reader.session.user == receipt.user {
                    continue;
                }
                let frame = receipt.frame.clone();
                reader.session.push(Queued::Receipt(self.conversation, receipt.user, receipt.kind, frame));
            }
        }
    }
}
