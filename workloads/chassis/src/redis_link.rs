//! A connection to Redis that is either there or not: nobody waits for it.
//!
//! A task of its own connects, and connects again for ever. Whoever uses the connection and sees it fail says so; from then
//! on there is none until the task has made and tried a new one. So a dead Redis costs one request its time-out, not all.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use backon::{BackoffBuilder as _, ExponentialBuilder};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, RedisResult};
use secrecy::ExposeSecret as _;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::config::SecretSource;

/// How long an attempt to connect may take.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How long any answer may take before the connection counts as broken.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);
/// A connection that broke sooner does not count as a recovery: the next attempt waits longer still.
pub(crate) const STABLE_AFTER: Duration = Duration::from_secs(5);
/// How often an idle connection is tried.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// The address is not one that Redis clients understand. The address itself is not shown: it may hold a password.
#[derive(Debug, thiserror::Error)]
#[error("the Redis address is not of the form redis://[user:password@]host[:port][/database] or rediss://…")]
pub struct InvalidRedisUrl;

/// A connection to Redis. Cheap to clone; the last clone takes the task with it.
#[derive(Clone)]
pub struct RedisLink(Arc<Inner>);

struct Inner {
    state: Arc<State>,
    _stop: DropGuard,
}

struct State {
    purpose: &'static str,
    address: SecretSource,
    connection: ArcSwapOption<MultiplexedConnection>,
    broken: Notify,
}

/// The connection of this moment.
pub(crate) struct Lease(Arc<MultiplexedConnection>);

impl Lease {
    pub(crate) fn connection(&self) -> MultiplexedConnection {
        MultiplexedConnection::clone(&self.0)
    }
}

impl fmt::Debug for RedisLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLink").field("purpose", &self.0.state.purpose).field("up", &self.is_up()).finish()
    }
}

/// A connection that cannot be tried, since there is no address, fails like one that was tried.
impl From<InvalidRedisUrl> for RedisError {
    fn from(error: InvalidRedisUrl) -> Self {
        RedisError::from((ErrorKind::InvalidClientConfig, "no address", error.to_string()))
    }
}

/// Reads an address, as it is at this moment, without ever showing it.
pub(crate) fn client(address: &SecretSource) -> Result<Client, InvalidRedisUrl> {
    // For `rediss://`. Another part of the process may have chosen already; every choice of ours is the same.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // The library's own error may quote the address.
    let url = address.read().map_err(|_| InvalidRedisUrl)?;
    Client::open(url.expose_secret()).map_err(|_| InvalidRedisUrl)
}

/// Delays between attempts: soon at first, then calmer, for ever, and not all processes at once.
pub(crate) fn delays() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(Duration::from_secs(2))
        .without_max_times()
        .with_jitter()
        .build()
}

impl RedisLink {
    /// Begins to connect in the background; `purpose` names the link in the log. Call it inside a tokio runtime.
    pub fn open(address: impl Into<SecretSource>, purpose: &'static str) -> Result<Self, InvalidRedisUrl> {
        let (stop, address) = (CancellationToken::new(), address.into());
        // An address that makes no sense is told at once.
        client(&address)?;
        let state = Arc::new(State { purpose, address, connection: ArcSwapOption::empty(), broken: Notify::new() });
        let task = Arc::clone(&state);
        tokio::spawn(stop.clone().run_until_cancelled_owned(async move { task.keep_connected().await }));
        Ok(Self(Arc::new(Inner { state, _stop: stop.drop_guard() })))
    }

    /// Whether there is a connection at this moment.
    pub fn is_up(&self) -> bool {
        self.0.state.connection.load().is_some()
    }

    pub(crate) fn lease(&self) -> Option<Lease> {
        self.0.state.connection.load_full().map(Lease)
    }

    /// Says that this connection failed. A newer one is left alone.
    pub(crate) fn broken(&self, lease: &Lease) {
        self.0.state.drop_connection(&lease.0);
    }
}

impl State {
    async fn keep_connected(&self) {
        let mut delays = delays();
        let mut told = false;
        loop {
            match self.connect().await {
                Ok(connection) => {
                    tracing::info!(purpose = self.purpose, "Redis is there");
                    told = true;
                    let since = Instant::now();
                    self.connection.store(Some(Arc::new(connection)));
                    self.until_broken().await;
                    tracing::warn!(purpose = self.purpose, "Redis is away");
                    if since.elapsed() > STABLE_AFTER {
                        delays = self::delays();
                    }
                }
                // Once: when it was there, it was said that it went.
                Err(error) if !told => {
                    tracing::warn!(purpose = self.purpose, %error, "unable to connect to Redis; trying on");
                    told = true;
                }
                Err(error) => {
                    tracing::debug!(purpose = self.purpose, %error, "unable to connect to Redis");
                }
            }
            tokio::time::sleep(delays.next().unwrap_or(CONNECT_TIMEOUT)).await;
        }
    }

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(ANSWER_TIMEOUT));
        // Read anew: the password may have been changed.
        let client = client(&self.address)?;
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        probe(&mut connection).await?;
        Ok(connection)
    }

    /// Returns when the connection is gone, noticed by a user or by a probe.
    async fn until_broken(&self) {
        while let Some(connection) = self.connection.load_full() {
            tokio::select! {
                () = self.broken.notified() => {}
                () = tokio::time::sleep(PROBE_EVERY) => {
                    if probe(&mut MultiplexedConnection::clone(&connection)).await.is_err() {
                        self.drop_connection(&connection);
                    }
                }
            }
        }
    }

    fn drop_connection(&self, failed: &Arc<MultiplexedConnection>) {
        self.connection.compare_and_swap(&Some(Arc::clone(failed)), None);
        self.broken.notify_one();
    }
}

async fn probe(connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
    redis::cmd("PING").query_async(connection).await
}
