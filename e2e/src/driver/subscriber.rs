//! A device that listens: it records each frame over all its connections, and comes back whatever happens to it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use confab_contract::bus::ReceiptKind;
use confab_contract::socket::close::CloseReason;
use confab_contract::socket::server::ServerFrame;
use confab_contract::{ConversationId, UserId};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::cast::Cast;
use super::journal::Journal;
use crate::client::Account;
use crate::client::api::Api;
use crate::client::backoff::Backoff;
use crate::client::failure::Failure;
use crate::client::socket::{Incoming, Next, SignIn, Socket};
use crate::client::tracker::{ResumeBy, Tracker};
use crate::record::{Action, Outcome, Reply, Seen, Sight, Subscriber};

/// How often a device looks after its own affairs.
const TICK: Duration = Duration::from_millis(200);
const PING: Duration = Duration::from_secs(1);
/// Silence after which a device gives a connection up.
const SILENCE: Duration = Duration::from_secs(4);
/// Events of a conversation between two acknowledgements.
const ACKNOWLEDGE_EVERY: u64 = 10;
/// Attempts to read a conversation anew.
const REREADS: usize = 50;
/// Small, so that a server soon feels that nobody reads.
const STALLING_BUFFER: u32 = 4096;

/// What everybody must have in the end: the last `seq` of each conversation that they are in.
pub type Targets = BTreeMap<UserId, BTreeMap<ConversationId, u64>>;

/// What devices are to do.
#[derive(Debug, Clone, Default)]
enum Phase {
    /// Listen, and be as unruly as their habit says.
    #[default]
    Load,
    /// No more events come: get everything up to these `seq`, acknowledge it, and say so.
    CatchUp(Arc<Targets>),
    /// Go.
    Stop,
}

/// What a device does of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
    /// Stays connected.
    Steady,
    /// Loses its network every few seconds.
    Cuts,
    /// Stops reading for seconds.
    Stalls,
}

/// All devices of a run.
pub struct Subscribers {
    tasks: JoinSet<Subscriber>,
    phase: watch::Sender<Phase>,
    ready: mpsc::Receiver<()>,
    count: usize,
}

impl Subscribers {
    /// Starts the devices of everybody and waits until all but the late ones are connected.
    pub async fn start(
        cast: &Cast,
        apis: &[Api],
        presence: &[SocketAddr],
        journal: &Arc<Journal>,
        seed: u64,
        devices: usize,
    ) -> anyhow::Result<Self> {
        let (phase, watch) = watch::channel(Phase::Load);
        let count = cast.people().count() * devices;
        let (ready_sender, ready) = mpsc::channel(2 * count.max(1));
        let mut tasks = JoinSet::new();
        let mut early = 0;
        for number in 0..count {
            let person = number % (count / devices);
            let Some(account) = cast.people().nth(person) else { continue };
            let is_guest = person >= cast.senders.len();
            let starts = starts(cast, account.user);
            // Guests' late devices would have to know what they may see at that moment.
            let is_late = number % 5 == 4 && !is_guest;
            early += usize::from(!is_late);
            let by = if number % 4 == 3 { ResumeBy::Cursor } else { ResumeBy::Seq };
            let device = Device {
                name: format!("device-{number}"),
                account: account.clone(),
                by,
                habit: [Habit::Steady, Habit::Cuts, Habit::Stalls][number % 3],
                servers: presence.to_vec(),
                server: number % presence.len(),
                apis: apis.to_vec(),
                journal: Arc::clone(journal),
                rng: StdRng::seed_from_u64(seed.wrapping_mul(7919).wrapping_add(number as u64)),
                tracker: Tracker::new(by),
                acknowledged: BTreeMap::new(),
                phase: watch.clone(),
                ready: ready_sender.clone(),
                starts,
                seen: Vec::new(),
                connection: 0,
                announced: Announced::No,
                reread: BTreeMap::new(),
            };
            tasks.spawn(device.run(is_late));
        }
        let mut subscribers = Self { tasks, phase, ready, count };
        subscribers.await_ready(early, Duration::from_secs(30)).await?;
        Ok(subscribers)
    }

    /// Has every device catch up to these `seq` and acknowledge them. Those that cannot in time are left to the checker.
    pub async fn catch_up(&mut self, targets: Targets, patience: Duration) {
        self.phase.send_replace(Phase::CatchUp(Arc::new(targets)));
        // What is missing is in the evidence.
        let _ = self.await_ready(self.count, patience).await;
    }

    /// Ends all devices and hands over what they saw.
    pub async fn finish(mut self) -> Vec<Subscriber> {
        self.phase.send_replace(Phase::Stop);
        let mut all = Vec::new();
        while let Some(result) = self.tasks.join_next().await {
            all.extend(result);
        }
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    async fn await_ready(&mut self, count: usize, patience: Duration) -> anyhow::Result<()> {
        let waiting = async {
            for _ in 0..count {
                self.ready.recv().await;
            }
        };
        let result = tokio::time::timeout(patience, waiting).await;
        result.map_err(|_| anyhow::anyhow!("not all {count} devices were there within {patience:?}"))
    }
}

/// Every conversation of somebody, just after its making.
fn starts(cast: &Cast, user: UserId) -> BTreeMap<ConversationId, u64> {
    cast.talks.iter().filter(|talk| talk.members.contains(&user)).map(|talk| (talk.id, 1)).collect()
}

struct Device {
    name: String,
    account: Account,
    by: ResumeBy,
    habit: Habit,
    servers: Vec<SocketAddr>,
    server: usize,
    apis: Vec<Api>,
    journal: Arc<Journal>,
    rng: StdRng,
    tracker: Tracker,
    acknowledged: BTreeMap<ConversationId, u64>,
    phase: watch::Receiver<Phase>,
    ready: mpsc::Sender<()>,
    starts: BTreeMap<ConversationId, u64>,
    seen: Vec<Seen>,
    connection: u32,
    announced: Announced,
    /// Up to where this connection's events were read over REST.
    reread: BTreeMap<ConversationId, u64>,
}

/// What a device has told the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Announced {
    No,
    Connected,
    CaughtUp,
}

/// Whether a device keeps its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Stay,
    Leave,
}

/// The affairs of one connection.
struct Session {
    signed_in: bool,
    heard: Instant,
    pinged: Instant,
    misbehave_at: Instant,
    /// How long the server asked to wait before the next connection.
    pause: Option<Duration>,
}

impl Session {
    fn new(rng: &mut StdRng) -> Self {
        let now = Instant::now();
        let misbehave_at = now + Duration::from_millis(rng.random_range(1000..5000));
        Self { signed_in: false, heard: now, pinged: now, misbehave_at, pause: None }
    }
}

impl Device {
    async fn run(mut self, is_late: bool) -> Subscriber {
        if is_late {
            let delay = Duration::from_millis(self.rng.random_range(1000..6000));
            tokio::time::sleep(delay).await;
            self.read_over_rest().await;
            self.announced = Announced::Connected;
        }
        let mut backoff = Backoff::default();
        while !self.is_over() {
            let pause = match self.connect().await {
                Some(socket) => {
                    backoff.reset();
                    self.listen(socket).await.unwrap_or_else(|| backoff.next_pause(&mut self.rng))
                }
                None => backoff.next_pause(&mut self.rng),
            };
            if !self.is_over() {
                tokio::time::sleep(pause).await;
            }
        }
        let Self { name, account, starts, seen, by, .. } = self;
        Subscriber { name, user: account.user, starts, may_repeat: by == ResumeBy::Cursor, seen }
    }

    fn is_over(&self) -> bool {
        matches!(*self.phase.borrow(), Phase::Stop)
    }

    /// As a client that is opened in the midst of things: it reads where each conversation stands, then connects.
    async fn read_over_rest(&mut self) {
        for (id, start) in &mut self.starts {
            let mut attempt = 0;
            while !matches!(*self.phase.borrow(), Phase::Stop) {
                attempt += 1;
                let api = &self.apis[attempt % self.apis.len()];
                if let Ok(Some(conversation)) = api.conversation(&self.account, *id).await {
                    *start = conversation.last_seq;
                    break;
                }
                tokio::time::sleep(TICK).await;
            }
        }
        self.tracker = Tracker::after_reading(self.by, self.starts.clone());
    }

    async fn connect(&mut self) -> Option<Socket> {
        self.connection += 1;
        self.reread.clear();
        let sign_in = if self.rng.random_bool(0.5) { SignIn::Query } else { SignIn::Frame };
        let resume = self.tracker.resume();
        let buffer = (self.habit == Habit::Stalls).then_some(STALLING_BUFFER);
        let server = self.servers[self.server];
        let opened = Socket::open(server, &self.account, sign_in, resume.as_ref(), buffer).await;
        if let Ok(socket) = opened {
            self.note(Sight::Connected { replica: self.server, resuming: resume.is_some() });
            return Some(socket);
        }
        self.server = (self.server + 1) % self.servers.len();
        None
    }

    /// Listens until the connection ends; the server may have said how long to wait before the next.
    async fn listen(&mut self, mut socket: Socket) -> Option<Duration> {
        let mut session = Session::new(&mut self.rng);
        let mut tick = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                next = socket.next() => {
                    session.heard = Instant::now();
                    match next {
                        Next::Frame(Incoming::Other(ServerFrame::Reconnect { after_ms })) => {
                            session.pause = Some(Duration::from_millis(after_ms.into()));
                        }
                        Next::Frame(frame) => {
                            session.signed_in |= matches!(frame, Incoming::Other(ServerFrame::AuthSuccess { .. }));
                            self.take(&mut socket, frame).await;
                        }
                        Next::Malformed(text) => self.note(Sight::Error { code: None, text }),
                        Next::Closed(code) => {
                            self.closed(code);
                            return session.pause;
                        }
                    }
                }
                _ = tick.tick() => {
                    if self.look_after(&mut socket, &mut session).await == Verdict::Leave {
                        self.note(Sight::Closed { code: None, by_us: true });
                        return session.pause;
                    }
                }
            }
        }
    }

    /// What a device does by itself: pings, gives up a dead connection, announces, misbehaves.
    async fn look_after(&mut self, socket: &mut Socket, session: &mut Session) -> Verdict {
        let phase = self.phase.borrow().clone();
        if session.heard.elapsed() > SILENCE {
            self.server = (self.server + 1) % self.servers.len();
            return Verdict::Leave;
        }
        if session.signed_in && session.pinged.elapsed() > PING {
            session.pinged = Instant::now();
            // A dead connection shows in the next read.
            let _ = socket.ping(1).await;
        }
        match phase {
            Phase::Stop => return Verdict::Leave,
            Phase::CatchUp(targets) if session.signed_in => self.announce(socket, &targets).await,
            Phase::Load if Instant::now() > session.misbehave_at => return self.misbehave(session).await,
            Phase::CatchUp(_) | Phase::Load => {}
        }
        Verdict::Stay
    }

    async fn misbehave(&mut self, session: &mut Session) -> Verdict {
        match self.habit {
            Habit::Steady => Verdict::Stay,
            Habit::Cuts => Verdict::Leave,
            Habit::Stalls => {
                let stall = Duration::from_millis(self.rng.random_range(1000..3000));
                tokio::time::sleep(stall).await;
                *session = Session { signed_in: session.signed_in, ..Session::new(&mut self.rng) };
                Verdict::Stay
            }
        }
    }

    async fn take(&mut self, socket: &mut Socket, frame: Incoming) {
        match frame {
            Incoming::Event(frame) => {
                let (conversation, seq) = (frame.conversation_id, frame.seq);
                if self.reread.get(&conversation).is_some_and(|last| seq <= *last) {
                    return;
                }
                self.tracker.saw(conversation, seq);
                self.note(Sight::Event { frame: *frame });
                let done = self.acknowledged.get(&conversation).copied().unwrap_or_default();
                if seq >= done + ACKNOWLEDGE_EVERY {
                    self.acknowledge(socket, conversation, seq, false).await;
                }
            }
            Incoming::Other(ServerFrame::AuthSuccess { cursor, .. }) => {
                if let Some(cursor) = cursor {
                    self.tracker.signed_in(cursor);
                }
                if self.announced == Announced::No {
                    self.announced = Announced::Connected;
                    // Nobody listens once the run is over.
                    let _ = self.ready.send(()).await;
                }
            }
            Incoming::Other(ServerFrame::Resumed { cursor, replayed }) => {
                self.tracker.resumed(cursor);
                self.note(Sight::Resumed { replayed });
            }
            Incoming::Other(ServerFrame::Pong { cursor: Some(cursor), .. }) => self.tracker.moved_on(cursor),
            Incoming::Other(ServerFrame::ResyncRequired { conversation_id, reason }) => {
                self.note(Sight::Resync { conversation: conversation_id, reason });
                if let Some(conversation) = conversation_id {
                    self.tracker.forget(conversation);
                    self.reread(conversation).await;
                }
            }
            Incoming::Other(ServerFrame::MessageRead { conversation_id, read_seq, read_by, .. }) => {
                let (kind, seq) = (ReceiptKind::Read, read_seq);
                self.note(Sight::Receipt { conversation: conversation_id, user: read_by, kind, seq });
            }
            Incoming::Other(ServerFrame::MessageDelivered { conversation_id, delivered_seq, delivered_to, .. }) => {
                let (kind, seq) = (ReceiptKind::Delivered, delivered_seq);
                self.note(Sight::Receipt { conversation: conversation_id, user: delivered_to, kind, seq });
            }
            Incoming::Other(ServerFrame::Error { code, message, .. }) => {
                self.note(Sight::Error { code: Some(code), text: message });
            }
            Incoming::Other(_) => {}
        }
    }

    /// Reads a conversation anew over REST. What the socket brings of that part afterwards is passed over.
    async fn reread(&mut self, conversation: ConversationId) {
        for attempt in 0..REREADS {
            let api = &self.apis[attempt % self.apis.len()];
            match api.events(&self.account, conversation, 0).await {
                Ok(events) => {
                    if let Some(last) = events.last() {
                        self.reread.insert(conversation, last.seq);
                        self.tracker.saw(conversation, last.seq);
                    }
                    return self.note(Sight::Reread { conversation, events });
                }
                // No longer a member, and not added again.
                Err(Failure::Refused { .. }) => return,
                Err(_) => tokio::time::sleep(TICK).await,
            }
        }
    }

    /// Acknowledges. Only a last acknowledgement, after which the connection stays, is sure to be heard.
    async fn acknowledge(&mut self, socket: &mut Socket, conversation: ConversationId, seq: u64, is_last: bool) {
        let begun = self.journal.begin(self.account.user, self.server);
        let sent = socket.acknowledge(conversation, seq).await.is_ok();
        let outcome = if is_last && sent {
            Outcome::Ok { reply: Reply::Done }
        } else {
            Outcome::Unknown { why: "an ack has no reply".to_owned() }
        };
        self.acknowledged.insert(conversation, seq);
        self.journal.end(begun, Action::Ack { conversation, seq }, outcome);
    }

    /// Says once that it has everything, after it has acknowledged it.
    async fn announce(&mut self, socket: &mut Socket, targets: &Targets) {
        let Some(mine) = targets.get(&self.account.user).filter(|_| self.announced != Announced::CaughtUp) else {
            return;
        };
        let has = |id: &ConversationId| {
            let start = self.starts.get(id).copied().unwrap_or_default();
            self.tracker.last(*id).unwrap_or_default().max(start)
        };
        if mine.iter().any(|(id, seq)| has(id) < *seq) {
            return;
        }
        for (conversation, seq) in mine {
            self.acknowledge(socket, *conversation, *seq, true).await;
        }
        self.announced = Announced::CaughtUp;
        // Nobody listens once the run is over.
        let _ = self.ready.send(()).await;
    }

    fn closed(&mut self, code: Option<u16>) {
        self.note(Sight::Closed { code, by_us: false });
        let slow = code == Some(CloseReason::SlowConsumer.code());
        if !slow {
            self.server = (self.server + 1) % self.servers.len();
        }
    }

    fn note(&mut self, sight: Sight) {
        let (connection, at) = (self.connection, self.journal.now());
        self.seen.push(Seen { connection, at, sight });
    }
}
