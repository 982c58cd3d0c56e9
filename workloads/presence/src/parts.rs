//! What every part of this service can reach.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use confab_chassis::bus::Bus;
use confab_chassis::clock::Clock;
use confab_chassis::drain::Drain;
use confab_chassis::rate::RateLimiter;
use confab_chassis::seal::MasterKey;
use confab_chassis::telemetry::Metrics;
use confab_chassis::tenant::{Tenant, Tenants};
use confab_chassis::token::{Revocations, Verifier};
use confab_contract::bus::{BusMessage, Notice, PresenceNotice};
use confab_contract::config::presence::SocketConfig;
use confab_contract::{TenantId, Timestamp, UserId};
use confab_identity::cursor;
use confab_store::Store;
use confab_store::changes::Position;
use confab_store::presence::NodeId;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::metrics::PresenceMetrics;
use crate::session::lock;

/// What presence is made of. Whoever builds it shares these with other services of the same process.
#[derive(Clone)]
pub struct Parts {
    /// The record.
    pub store: Store,
    /// Whom this process serves.
    pub tenants: Tenants,
    /// Checks access tokens.
    pub verifier: Verifier,
    /// Sessions whose tokens hold no more.
    pub revocations: Revocations,
    /// Wake-ups from and for other processes.
    pub bus: Bus,
    /// How many frames a person may send.
    pub limiter: RateLimiter,
    /// Makes and checks cursors.
    pub master_key: MasterKey,
    /// The way out.
    pub drain: Drain,
    /// Where numbers go.
    pub metrics: Metrics,
    /// The time.
    pub clock: Clock,
    /// How connections are kept.
    pub sockets: SocketConfig,
    /// How often background work is done.
    pub tempo: Tempo,
}

/// How often background work is done. The defaults are right; tests are in more of a hurry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tempo {
    /// How long other processes wait for a sign of life before this one's connections count as gone. Renewed three times
    /// as often.
    pub lease: Duration,
    /// Between looks at every connection: heartbeats, silence, tokens that end.
    pub patrol: Duration,
    /// Between writes of acknowledgements, which are conflated meanwhile.
    pub acknowledgements: Duration,
    /// Between writes of changed availability, which are conflated meanwhile.
    pub availability: Duration,
    /// Between looks at typing that ends and watermarks that wait.
    pub attention: Duration,
    /// How long a connection may take to sign in.
    pub sign_in: Duration,
    /// Between looks at what nobody needs any more. A connection attaches well within one.
    pub ageing: Duration,
}

impl Default for Tempo {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            patrol: Duration::from_secs(1),
            acknowledgements: Duration::from_millis(200),
            availability: Duration::from_millis(100),
            attention: Duration::from_millis(100),
            sign_in: Duration::from_secs(10),
            ageing: Duration::from_secs(15),
        }
    }
}

/// Pages that are read from the store for feeds and replays at the same time. It bounds memory, and keeps connections of
/// the pool free for others.
const READS_AT_ONCE: usize = 16;

/// The parts, and what is made once from them.
pub struct Core {
    /// The record.
    pub store: Store,
    /// Whom this process serves.
    pub tenants: Tenants,
    /// Checks access tokens.
    pub verifier: Verifier,
    /// Sessions whose tokens hold no more.
    pub revocations: Revocations,
    /// Wake-ups.
    pub bus: Bus,
    /// How many frames a person may send.
    pub limiter: RateLimiter,
    /// The way out.
    pub drain: Drain,
    /// The time of day.
    pub clock: Clock,
    /// How connections are kept.
    pub settings: Settings,
    /// Numbers.
    pub metrics: PresenceMetrics,
    /// Names this process in the store.
    pub node: NodeId,
    /// Short-lived tasks: connections have their own.
    pub tasks: TaskTracker,
    /// Turns for reading pages.
    pub reads: Semaphore,
    master_key: MasterKey,
    started: Instant,
    missed: Mutex<Missed>,
}

/// Availability that other processes may not have been told of, because the bus was away.
#[derive(Debug, Default)]
pub struct Missed {
    /// The newest of each person.
    pub notices: HashMap<(TenantId, UserId), PresenceNotice>,
    /// When the bus will be surely back; `None` while it is away, or has been well for long.
    pub settles_at: Option<Instant>,
}

impl Missed {
    /// Whether the bus is back, but not for long.
    pub fn is_settling(&self) -> bool {
        self.settles_at.is_some()
    }
}

impl Core {
    /// From the parts.
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            store: parts.store,
            tenants: parts.tenants,
            verifier: parts.verifier,
            revocations: parts.revocations,
            bus: parts.bus,
            limiter: parts.limiter,
            drain: parts.drain,
            clock: parts.clock,
            settings: Settings { sockets: parts.sockets, tempo: parts.tempo },
            metrics: parts.metrics.set(),
            node: NodeId::generate(),
            tasks: TaskTracker::new(),
            reads: Semaphore::new(READS_AT_ONCE),
            master_key: parts.master_key,
            started: Instant::now(),
            missed: Mutex::default(),
        })
    }

    /// Whole seconds since this process began to serve.
    pub fn uptime(&self) -> u32 {
        u32::try_from(self.started.elapsed().as_secs()).unwrap_or(u32::MAX)
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether the tenant is served at this moment.
    pub fn serves(&self, tenant: &TenantId) -> bool {
        self.tenants.by_id(tenant).is_some_and(|tenant| tenant.is_served())
    }

    /// The settings of this moment, for a connection that has had its tenant for long.
    pub fn settings_of(&self, tenant: &Arc<Tenant>) -> Arc<Tenant> {
        self.tenants.by_id(tenant.id()).unwrap_or_else(|| Arc::clone(tenant))
    }

    /// Tells everybody who watches the tenant.
    pub fn publish(&self, tenant: &TenantId, notice: Notice) {
        self.bus.publish(BusMessage { tenant: tenant.clone(), notice });
    }

    /// What other processes could not be told.
    pub fn missed<R>(&self, with: impl FnOnce(&mut Missed) -> R) -> R {
        with(&mut lock(&self.missed))
    }

    /// A cursor for a person.
    pub fn cursor(&self, tenant: &TenantId, user: UserId, position: &Position) -> String {
        cursor::encode(&self.master_key, tenant, user, position)
    }

    /// The position of a person's cursor; `None` when it is not one of theirs.
    pub fn position(&self, tenant: &TenantId, user: UserId, cursor: &str) -> Option<Position> {
        cursor::decode(&self.master_key, tenant, user, cursor)
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("node", &self.node).finish_non_exhaustive()
    }
}

/// The numbers of the Config, in the types that the code wants.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// As configured.
    pub sockets: SocketConfig,
    /// How often background work is done.
    pub tempo: Tempo,
}

impl Settings {
    /// Frames that may wait for one connection.
    pub fn queue_frames(&self) -> usize {
        usize::try_from(self.sockets.queue_frames).unwrap_or(usize::MAX)
    }

    /// How long typing lasts without renewal.
    pub fn typing_lasts(&self) -> Duration {
        Duration::from_secs(self.sockets.typing_seconds.into())
    }

    /// How long a person stays after the last connection has gone.
    pub fn offline_grace(&self) -> Duration {
        Duration::from_secs(self.sockets.offline_grace_seconds.into())
    }
}
