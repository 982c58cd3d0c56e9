//! From Redis to the subscriptions of this process.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use confab_contract::TenantId;
use futures_util::StreamExt as _;
use redis::aio::{PubSubSink, PubSubStream};
use redis::{ErrorKind, RedisError, RedisResult};
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, MissedTickBehavior, timeout};

use super::watched::{Difference, Watched};
use super::wire::{self, Incoming, ProcessMark};
use super::{BusEvent, BusMetrics};
use crate::config::SecretSource;
use crate::redis_link::{CONNECT_TIMEOUT, STABLE_AFTER, client, delays};

/// How often a silent connection is tried.
const PROBE_EVERY: Duration = Duration::from_secs(2);
/// How long Redis may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Channels named in one command at most.
const CHANNELS_AT_ONCE: usize = 500;

pub(super) struct Subscriber {
    pub(super) address: SecretSource,
    pub(super) mark: ProcessMark,
    pub(super) watched: Arc<Watched>,
    pub(super) local: broadcast::Sender<BusEvent>,
    pub(super) up: watch::Sender<bool>,
    pub(super) metrics: BusMetrics,
}

/// One connection and what is subscribed on it.
struct Session {
    sink: PubSubSink,
    subscribed: HashSet<TenantId>,
    /// Of what is wanted, that is true.
    version: Option<u64>,
}

impl Subscriber {
    pub(super) async fn run(self) {
        let mut delays = delays();
        let mut told = false;
        loop {
            let since = Instant::now();
            let ended = self.listen().await;
            if *self.up.borrow() {
                self.set_up(false);
            } else if let Err(error) = &ended
                && !told
            {
                tracing::warn!(%error, "the bus cannot be reached; the store is read more often until it is");
            }
            told = true;
            if since.elapsed() > STABLE_AFTER {
                delays = crate::redis_link::delays();
            }
            if let Err(error) = ended {
                tracing::debug!(%error, "unable to listen on Redis");
            }
            tokio::time::sleep(delays.next().unwrap_or(CONNECT_TIMEOUT)).await;
        }
    }

    /// Listens until the connection breaks.
    async fn listen(&self) -> RedisResult<()> {
        // Read anew: the password may have been changed.
        let client = client(&self.address)?;
        let connected = timeout(CONNECT_TIMEOUT, client.get_async_pubsub()).await;
        let (sink, mut messages) = connected.map_err(|_| timed_out())??.split();
        let mut session = Session { sink, subscribed: HashSet::new(), version: None };
        let for_all = session.sink.subscribe(wire::CHANNEL_FOR_ALL);
        timeout(PATIENCE, for_all).await.map_err(|_| timed_out())??;
        // Asked for before the first reading, so that no change falls between.
        let mut changes = self.watched.changes();
        self.subscribe(&mut session).await?;
        self.set_up(true);
        self.pass_on(&mut session, &mut messages, &mut changes).await
    }

    async fn pass_on(
        &self,
        session: &mut Session,
        messages: &mut PubSubStream,
        changes: &mut watch::Receiver<u64>,
    ) -> RedisResult<()> {
        let mut probe = tokio::time::interval(PROBE_EVERY);
        probe.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                message = messages.next() => match message {
                    Some(message) => self.deliver(&message),
                    None => return Ok(()),
                },
                // The sender lives in `self.watched`.
                Ok(()) = changes.changed() => self.subscribe(session).await?,
                _ = probe.tick() => {
                    timeout(PATIENCE, session.sink.ping::<redis::Value>()).await.map_err(|_| timed_out())??;
                }
            }
        }
    }

    fn deliver(&self, message: &redis::Msg) {
        match wire::decode(self.mark, message.get_channel_name(), message.get_payload_bytes()) {
            Incoming::Echo => {}
            Incoming::Message(message) => {
                let _ = self.local.send(BusEvent::Message(Arc::new(*message)));
            }
            Incoming::Unreadable => {
                self.metrics.unreadable.inc();
            }
        }
    }

    /// Makes the subscriptions on Redis what this process wants.
    async fn subscribe(&self, session: &mut Session) -> RedisResult<()> {
        let Difference { new, old, version } = self.watched.difference(&session.subscribed, session.version);
        for tenants in new.chunks(CHANNELS_AT_ONCE) {
            let channels: Vec<String> = tenants.iter().map(wire::channel_of).collect();
            timeout(PATIENCE, session.sink.subscribe(channels)).await.map_err(|_| timed_out())??;
        }
        for tenants in old.chunks(CHANNELS_AT_ONCE) {
            let channels: Vec<String> = tenants.iter().map(wire::channel_of).collect();
            timeout(PATIENCE, session.sink.unsubscribe(channels)).await.map_err(|_| timed_out())??;
        }
        for tenant in &old {
            session.subscribed.remove(tenant);
        }
        session.subscribed.extend(new);
        session.version = Some(version);
        self.watched.applied(version);
        Ok(())
    }

    fn set_up(&self, up: bool) {
        self.up.send_replace(up);
        self.metrics.up.set(i64::from(up));
        if up {
            tracing::info!("the bus is up");
        } else {
            tracing::warn!("the bus is down; the store is read more often until it is back");
        }
        let _ = self.local.send(if up { BusEvent::Up } else { BusEvent::Down });
    }
}

fn timed_out() -> RedisError {
    RedisError::from((ErrorKind::Io, "Redis did not answer in time"))
}
