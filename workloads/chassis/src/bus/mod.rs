//! Hints between processes, and inside one. Whoever misses a hint finds the truth in the store.
//!
//! ```text
//! publish ─┬─► subscriptions of this process (by reference, at once)
//!          └─► outbox ─► Redis channel of the tenant, or the one for all ─► the other processes ─► their subscriptions
//! ```
//!
//! A process gets its own messages by the first way alone, exactly once, whatever Redis does; its echoes are passed over.

mod probe;
mod publisher;
mod subscriber;
mod subscription;
mod watched;
mod wire;

use std::sync::Arc;

use confab_contract::bus::BusMessage;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use self::probe::{ProbeError, RedisFacts, probe};
pub use self::subscription::Subscription;
use self::watched::Watched;
use self::wire::ProcessMark;
use crate::config::SecretSource;
use crate::redis_link::{InvalidRedisUrl, RedisLink};
use crate::telemetry::{MetricSet, Metrics};

/// Messages that a subscription may lie behind before it misses some.
const BACKLOG: usize = 4096;
/// Messages that may wait for Redis before the bus drops some.
const OUTBOX: usize = 8192;

/// What a subscription gets.
#[derive(Debug, Clone)]
pub enum BusEvent {
    /// A message of a tenant that it watches, or one for all.
    Message(Arc<BusMessage>),
    /// It was too slow and has missed some messages.
    Lagged,
    /// Messages of other processes come from now on; some may have been lost before.
    Up,
    /// Messages of other processes do not come any more.
    Down,
}

/// The bus. Cheap to clone; the last clone takes the connection with it.
#[derive(Debug, Clone)]
pub struct Bus(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    local: broadcast::Sender<BusEvent>,
    watched: Arc<Watched>,
    remote: Option<Remote>,
}

/// The way to other processes.
#[derive(Debug)]
struct Remote {
    outbox: mpsc::Sender<Arc<BusMessage>>,
    up: watch::Receiver<bool>,
    metrics: BusMetrics,
    _stop: DropGuard,
}

#[derive(Debug, Clone, Default)]
struct BusMetrics {
    up: Gauge,
    dropped: Counter,
    unreadable: Counter,
}

impl MetricSet for BusMetrics {
    fn register(registry: &mut Registry) -> Self {
        let set = Self::default();
        registry.register("bus_up", "1 while messages of other processes come", set.up.clone());
        registry.register("bus_dropped", "Messages that did not go to Redis", set.dropped.clone());
        registry.register("bus_unreadable", "Messages of other processes that made no sense", set.unreadable.clone());
        set
    }
}

impl Bus {
    /// A bus inside this process: no encoding, no outage.
    #[must_use]
    pub fn in_process() -> Self {
        Self::build(None, Arc::default())
    }

    /// A bus over Redis. It connects in the background, and again for ever. Call it inside a tokio runtime.
    pub fn redis(url: impl Into<SecretSource>, metrics: &Metrics) -> Result<Self, InvalidRedisUrl> {
        let url = url.into();
        let metrics: BusMetrics = metrics.set();
        let watched: Arc<Watched> = Arc::default();
        let stop = CancellationToken::new();
        let (outbox, waiting) = mpsc::channel(OUTBOX);
        let (up, is_up) = watch::channel(false);
        let mark = ProcessMark::random();

        let publisher =
            publisher::Publisher { link: RedisLink::open(url.clone(), "bus")?, mark, dropped: metrics.dropped.clone() };
        let remote = Remote { outbox, up: is_up, metrics: metrics.clone(), _stop: stop.clone().drop_guard() };
        let bus = Self::build(Some(remote), Arc::clone(&watched));
        let subscriber =
            subscriber::Subscriber { address: url, mark, watched, local: bus.0.local.clone(), up, metrics };
        tokio::spawn(stop.clone().run_until_cancelled_owned(publisher.run(waiting)));
        tokio::spawn(stop.run_until_cancelled_owned(subscriber.run()));
        Ok(bus)
    }

    fn build(remote: Option<Remote>, watched: Arc<Watched>) -> Self {
        Self(Arc::new(Inner { local: broadcast::Sender::new(BACKLOG), watched, remote }))
    }

    /// Tells everybody who watches the tenant. Never waits; drops the message when too many wait for Redis.
    pub fn publish(&self, message: BusMessage) {
        let message = Arc::new(message);
        // Nobody in this process may be subscribed.
        let _ = self.0.local.send(BusEvent::Message(Arc::clone(&message)));
        if let Some(remote) = &self.0.remote
            && remote.outbox.try_send(message).is_err()
        {
            remote.metrics.dropped.inc();
        }
    }

    /// A subscription that watches nobody yet.
    pub fn subscribe(&self) -> Subscription {
        Subscription::new(self.0.local.subscribe(), self.clone())
    }

    /// Whether messages of other processes come. A bus inside one process is always up.
    pub fn is_up(&self) -> bool {
        self.0.remote.as_ref().is_none_or(|remote| *remote.up.borrow())
    }
}
