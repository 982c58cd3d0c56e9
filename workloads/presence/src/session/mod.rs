//! One signed-in connection: what others may do to it. Its own task is in [`connection`].
//!
//! ```text
//! socket ─► receive ─► protocol (decides) ─► worker (carries out) ─► hub, store, bus
//! socket ◄─ send ◄─ outbox (bounded) ◄─ hub
//!            └─ catch_up: replays from the store, straight into the socket
//! ```
//!
//! Receive, send and worker are functions of one task. An idle connection holds no timer, no channel and no allocated
//! queue; one ticker of the process looks after all of them.

pub mod catch_up;
pub mod connection;
pub mod flood;
pub mod malformed;
pub mod opening;
pub mod outbox;
pub mod protocol;
pub mod reading;
pub mod worker;

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::extract::ws::Utf8Bytes;
use confab_contract::rest::users::PresenceStatus;
use confab_contract::socket::close::CloseReason;
use confab_contract::{ConnectionId, ConversationId, SessionId, Timestamp, UserId};
use confab_store::changes::Position;
use futures_util::task::AtomicWaker;

use self::catch_up::CatchUp;
use self::outbox::{Batch, Outbox, Queued};
use crate::hub::feed::Feed;
use crate::hub::tenant::TenantHub;

/// A connection that has signed in.
#[derive(Debug)]
pub struct Session {
    /// Names it in logs.
    pub id: ConnectionId,
    /// Who.
    pub user: UserId,
    /// The session of the access token, which may be revoked.
    pub login: SessionId,
    /// The hub of its tenant.
    pub hub: Arc<TenantHub>,
    mailbox: Mutex<Mailbox>,
    waker: AtomicWaker,
    /// 0 while open, else 1 + the index of the reason in [`CloseReason::ALL`].
    closing: AtomicU8,
    books: Mutex<Books>,
    status: AtomicU8,
    heard_at: AtomicU32,
    pinged_at: AtomicU32,
    /// Seconds of uptime since when the socket takes nothing; 0 while nothing is being written.
    expires_at: AtomicI64,
    events_sent: AtomicU32,
    takes_joins: AtomicBool,
    is_young: AtomicBool,
    since_run: AtomicU64,
    start: Mutex<Option<Box<Position>>>,
}

#[derive(Debug, Default)]
struct Mailbox {
    outbox: Outbox,
    errands: Vec<CatchUp>,
    catching_up: bool,
}

/// Which conversations the connection follows and whom it watches. The feeds and the watch list hold the other half.
#[derive(Debug, Default)]
struct Books {
    links: Vec<Link>,
    watching: Vec<UserId>,
    closed: bool,
}

/// A conversation that the connection follows.
#[derive(Debug, Clone)]
pub struct Link {
    /// Which.
    pub conversation: ConversationId,
    /// Where its events come from.
    pub feed: Arc<Feed>,
    /// Whether the feed delivers; otherwise a replay is under way.
    pub is_live: bool,
}

/// What the sending half has to do next.
#[derive(Debug)]
pub enum Next {
    /// Write these.
    Frames(Batch),
    /// Do these.
    Errands(Vec<CatchUp>),
    /// End.
    Close(CloseReason),
}

impl Session {
    /// A connection that has just signed in, `uptime` seconds into the life of this process.
    pub fn new(user: UserId, login: SessionId, hub: Arc<TenantHub>, expires_at: Timestamp, uptime: u32) -> Self {
        Self {
            id: ConnectionId::generate(),
            user,
            login,
            hub,
            mailbox: Mutex::default(),
            waker: AtomicWaker::new(),
            closing: AtomicU8::new(0),
            books: Mutex::default(),
            status: AtomicU8::new(status_code(PresenceStatus::Online)),
            heard_at: AtomicU32::new(uptime),
            pinged_at: AtomicU32::new(uptime),
            expires_at: AtomicI64::new(expires_at.as_millis()),
            events_sent: AtomicU32::new(0),
            takes_joins: AtomicBool::new(false),
            is_young: AtomicBool::new(true),
            since_run: AtomicU64::new(u64::MAX),
            start: Mutex::default(),
        }
    }

    /// Queues a frame. When the queue is full of what must not be dropped, the connection is closed.
    pub fn push(&self, frame: Queued) {
        if self.close_reason().is_some() {
            return;
        }
        let mut mailbox = lock(&self.mailbox);
        let was_empty = mailbox.outbox.is_empty();
        let pushed = mailbox.outbox.push(frame, self.hub.core.settings.queue_frames());
        drop(mailbox);
        if pushed.is_err() {
            self.hub.core.metrics.overflows.inc();
            self.close(CloseReason::SlowConsumer);
        } else if was_empty {
            self.waker.wake();
        }
    }

    /// Queues an event.
    pub fn push_event(&self, text: Utf8Bytes) {
        self.count_event();
        self.push(Queued::Frame(text));
    }

    /// An event goes to the client, which may acknowledge it.
    pub fn count_event(&self) {
        self.events_sent.fetch_add(1, Ordering::Relaxed);
    }

    /// Events that went to the client so far; wraps.
    pub fn events_sent(&self) -> u32 {
        self.events_sent.load(Ordering::Relaxed)
    }

    /// Gives the sending half something to do besides the queue.
    pub fn send_on_errands(&self, errands: Vec<CatchUp>) {
        lock(&self.mailbox).errands.extend(errands);
        self.waker.wake();
    }

    /// Whether some conversations are still being replayed.
    pub fn is_catching_up(&self) -> bool {
        let mailbox = lock(&self.mailbox);
        mailbox.catching_up || mailbox.errands.iter().any(CatchUp::owes_events)
    }

    /// No events are owed by the errands that were taken.
    pub fn caught_up(&self) {
        lock(&self.mailbox).catching_up = false;
    }

    /// Events and answers that wait.
    pub fn queued(&self) -> usize {
        lock(&self.mailbox).outbox.len()
    }

    /// How many events that were missed may be queued at once, so that there is room for what follows.
    pub fn room_for_missed(&self) -> usize {
        (self.hub.core.settings.queue_frames() / 2).saturating_sub(self.queued())
    }

    /// Takes back what waits of these people's availability.
    pub fn forget_presence(&self, users: &[UserId]) {
        lock(&self.mailbox).outbox.forget_presence(users);
    }

    /// What is queued now, without waiting.
    pub fn take_queue(&self) -> Batch {
        lock(&self.mailbox).take()
    }

    /// Waits until something is queued.
    pub async fn queue(&self) -> Batch {
        std::future::poll_fn(|context| {
            self.waker.register(context.waker());
            let mut mailbox = lock(&self.mailbox);
            if mailbox.outbox.is_empty() { Poll::Pending } else { Poll::Ready(mailbox.take()) }
        })
        .await
    }

    /// Waits for what the sending half has to do next.
    pub async fn next(&self) -> Next {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_next(&self, context: &Context<'_>) -> Poll<Next> {
        if let Some(reason) = self.close_reason() {
            return Poll::Ready(Next::Close(reason));
        }
        // Registered before looking, so that nothing slips between.
        self.waker.register(context.waker());
        let mut mailbox = lock(&self.mailbox);
        // Errands first: whoever goes on them writes the queue on the way, so that neither keeps the other waiting.
        if !mailbox.errands.is_empty() {
            mailbox.catching_up = true;
            return Poll::Ready(Next::Errands(std::mem::take(&mut mailbox.errands)));
        }
        if !mailbox.outbox.is_empty() {
            return Poll::Ready(Next::Frames(mailbox.take()));
        }
        Poll::Pending
    }

    /// Ends the connection; the first reason counts. What is queued is not delivered any more.
    pub fn close(&self, reason: CloseReason) {
        let index = CloseReason::ALL.iter().position(|known| *known == reason).unwrap_or_default();
        let code = u8::try_from(index + 1).unwrap_or(u8::MAX);
        if self.closing.compare_exchange(0, code, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            lock(&self.mailbox).outbox = Outbox::default();
            self.waker.wake();
        }
    }

    /// Why it is being closed.
    pub fn close_reason(&self) -> Option<CloseReason> {
        let code = self.closing.load(Ordering::SeqCst);
        CloseReason::ALL.get(usize::from(code).checked_sub(1)?).copied()
    }

    /// Waits until it is to be closed. Woken with everything else that wakes the task.
    pub async fn closing(&self) -> CloseReason {
        std::future::poll_fn(|context| {
            self.waker.register(context.waker());
            self.close_reason().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Something was heard from the client.
    pub fn hear(&self, uptime: u32) {
        self.heard_at.store(uptime, Ordering::Relaxed);
    }

    /// Seconds of uptime when something was last heard.
    pub fn heard_at(&self) -> u32 {
        self.heard_at.load(Ordering::Relaxed)
    }

    /// Says whether a ping is due, and notes that it is sent.
    pub fn is_ping_due(&self, uptime: u32, every: u32) -> bool {
        let due = uptime.saturating_sub(self.pinged_at.load(Ordering::Relaxed)) >= every;
        if due {
            self.pinged_at.store(uptime, Ordering::Relaxed);
        }
        due
    }

    /// When its token ends.
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_millis(self.expires_at.load(Ordering::Relaxed))
    }

    /// A fresh token prolongs it.
    pub fn prolong(&self, expires_at: Timestamp) {
        self.expires_at.store(expires_at.as_millis(), Ordering::Relaxed);
    }

    /// Availability of this device.
    pub fn status(&self) -> PresenceStatus {
        STATUSES[usize::from(self.status.load(Ordering::Relaxed)) % STATUSES.len()]
    }

    /// The client set its availability; says whether that is new.
    pub fn set_status(&self, status: PresenceStatus) -> bool {
        self.status.swap(status_code(status), Ordering::Relaxed) != status_code(status)
    }

    /// From now on joining a conversation attaches it. Set before memberships are read, so that no join falls between.
    pub fn take_joins(&self, run: u64) {
        self.since_run.store(run, Ordering::SeqCst);
        self.takes_joins.store(true, Ordering::SeqCst);
    }

    /// Whether joining a conversation attaches it.
    pub fn takes_joins(&self) -> bool {
        self.takes_joins.load(Ordering::SeqCst)
    }

    /// Whether feeds of this process may still be behind what the client has seen elsewhere.
    pub fn is_young(&self) -> bool {
        self.is_young.load(Ordering::SeqCst)
    }

    /// Everything after this position is delivered to it.
    pub fn begin_from(&self, position: &Position) {
        *lock(&self.start) = Some(Box::new(*position));
    }

    /// Everything that there was before this run of the tail has been delivered here. If the run began after the
    /// connection, it forgets with which position it began, and feeds are no longer behind what the client has seen.
    pub fn grow_up(&self, settled_run: u64) {
        if settled_run > self.since_run.load(Ordering::SeqCst) {
            *lock(&self.start) = None;
            self.is_young.store(false, Ordering::SeqCst);
        }
    }

    /// A cursor up to which everything was delivered, if nothing is being replayed: the tail's, when it was read after
    /// memberships were, else that with which the connection began.
    pub fn cursor(&self) -> String {
        let since = self.since_run.load(Ordering::SeqCst);
        let settled = self.hub.progress(|progress| progress.settled_since(since).copied());
        let position = settled.or_else(|| lock(&self.start).as_deref().copied()).unwrap_or_default();
        self.hub.core.cursor(&self.hub.tenant, self.user, &position)
    }

    /// Enters a conversation into the books, unless it is there or the connection has ended.
    pub fn claim(&self, conversation: ConversationId, feed: &Arc<Feed>, is_live: bool) -> bool {
        let mut books = lock(&self.books);
        if books.closed {
            return false;
        }
        match books.find(conversation) {
            Ok(_) => false,
            Err(place) => {
                books.links.insert(place, Link { conversation, feed: Arc::clone(feed), is_live });
                true
            }
        }
    }

    /// The replay of a conversation is over: its feed delivers.
    pub fn go_live(&self, conversation: ConversationId) {
        let mut books = lock(&self.books);
        if let Ok(place) = books.find(conversation) {
            books.links[place].is_live = true;
        }
    }

    /// The feed of a conversation that the connection follows.
    pub fn feed(&self, conversation: ConversationId) -> Option<Arc<Feed>> {
        let books = lock(&self.books);
        books.find(conversation).ok().map(|place| Arc::clone(&books.links[place].feed))
    }

    /// Takes a conversation out of the books. Nothing is told of it any more.
    pub fn unlink(&self, conversation: ConversationId) {
        let mut books = lock(&self.books);
        if let Ok(place) = books.find(conversation) {
            books.links.remove(place);
        }
        drop(books);
        lock(&self.mailbox).outbox.forget_receipts(conversation);
    }

    /// Whom the connection watches.
    pub fn watching(&self) -> Vec<UserId> {
        lock(&self.books).watching.clone()
    }

    /// Changes the list of whom it watches.
    pub fn change_watching<R>(&self, change: impl FnOnce(&mut Vec<UserId>) -> R) -> R {
        change(&mut lock(&self.books).watching)
    }

    /// Closes the books at the end of the connection and hands out what has to be undone.
    pub fn settle(&self) -> (Vec<Link>, Vec<UserId>) {
        let mut books = lock(&self.books);
        books.closed = true;
        (std::mem::take(&mut books.links), std::mem::take(&mut books.watching))
    }
}

impl Mailbox {
    /// Takes what is queued. Watermarks that were too many become an errand.
    fn take(&mut self) -> Batch {
        let mut batch = self.outbox.take();
        if !batch.stale.is_empty() {
            self.errands.push(CatchUp::Watermarks(std::mem::take(&mut batch.stale)));
        }
        batch
    }
}

impl Books {
    fn find(&self, conversation: ConversationId) -> Result<usize, usize> {
        self.links.binary_search_by_key(&conversation, |link| link.conversation)
    }
}

const STATUSES: [PresenceStatus; 4] =
    [PresenceStatus::Online, PresenceStatus::Busy, PresenceStatus::Away, PresenceStatus::Offline];

/// Position in [`STATUSES`].
fn status_code(status: PresenceStatus) -> u8 {
    match status {
        PresenceStatus::Online => 0,
        PresenceStatus::Busy => 1,
        PresenceStatus::Away => 2,
        PresenceStatus::Offline => 3,
    }
}

/// No panic happens under these locks; if one did, the data are still whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
