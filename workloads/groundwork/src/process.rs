//! The life of a process around its services.

use std::net::SocketAddr;
use std::time::Duration;

use confab_chassis::background::Background;
use confab_chassis::bus::Bus;
use confab_chassis::clock::Clock;
use confab_chassis::drain::Drain;
use confab_chassis::health::Health;
use confab_chassis::ops;
use confab_chassis::rate::RateLimiter;
use confab_chassis::redis_link::RedisLink;
use confab_chassis::telemetry::Metrics;
use confab_chassis::tenant::Tenants;
use confab_chassis::token::{Keyring, Revocations, Verifier};
use confab_contract::config::section::DrainConfig;
use confab_identity::{IdentityFeed, IdentityParts};
use confab_store::{Store, StoreError, StoreOptions};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::ground::Ground;
use crate::settings::{GroundError, Settings, chain};

/// The part of readiness that the store reports.
const DATABASE: &str = "database";
/// The part of readiness that signing keys and revocations report.
const KEYS: &str = "keys";
/// Pause between two tries to reach what is away, and between two looks at the store.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How long background tasks may take to end.
const LAST_TASKS: Duration = Duration::from_secs(2);

/// A process: what it has whether or not its store is there.
pub struct Process {
    /// Its numbers.
    pub metrics: Metrics,
    /// Whether it is ready, and if not, why.
    pub health: Health,
    /// Its background tasks.
    pub background: Background,
    /// Its way out.
    pub drain: Drain,
    /// Its time.
    pub clock: Clock,
    probes: JoinHandle<std::io::Result<()>>,
    probe_address: SocketAddr,
    end_of_probes: CancellationToken,
}

impl Process {
    /// Answers probes from now on.
    pub async fn begin(drain: DrainConfig, ops_listen: SocketAddr) -> Result<Self, GroundError> {
        let (metrics, health) = (Metrics::new(), Health::new(&[DATABASE, KEYS]));
        let drain = Drain::new(drain);
        drain.make_unready(&health);
        let listener = listen(ops_listen).await?;
        let probe_address = address_of(&listener)?;
        let end_of_probes = CancellationToken::new();
        let probes = tokio::spawn(ops::serve(listener, health.clone(), metrics.clone(), end_of_probes.clone()));
        let background = Background::new();
        Ok(Self { metrics, health, background, drain, clock: Clock::system(), probes, probe_address, end_of_probes })
    }

    /// Leaves on SIGTERM and SIGINT.
    pub fn listen_for_signals(&self) -> Result<(), GroundError> {
        let heard = self.drain.listen_for_signals();
        heard.map_err(|source| GroundError::System { what: "signals cannot be heard".to_owned(), source })
    }

    /// Where the probes are answered.
    pub fn probe_address(&self) -> SocketAddr {
        self.probe_address
    }

    /// Waits until everything is there that services need. `None`: the process was asked to leave before it was.
    pub async fn lay(&self, settings: Settings) -> Result<Option<Ground>, GroundError> {
        tokio::select! {
            ground = self.wait_for_ground(settings) => ground.map(Some),
            () = self.drain.refusing() => Ok(None),
        }
    }

    async fn wait_for_ground(&self, settings: Settings) -> Result<Ground, GroundError> {
        let Settings { store, redis_url, master_key, tenants } = settings;
        let (bus, limiter) = match redis_url {
            None => (Bus::in_process(), RateLimiter::in_process(self.clock.clone())),
            Some(url) => {
                let link = RedisLink::open(&url, "rate limits")?;
                (Bus::redis(&url, &self.metrics)?, RateLimiter::with_redis(link, self.clock.clone()))
            }
        };
        let store = self.wait_for_store(store).await?;
        let (keyring, revocations) = (Keyring::new(), Revocations::new());
        let ground = Ground {
            store,
            tenants: Tenants::new(tenants),
            verifier: Verifier::new(keyring.clone(), revocations.clone(), self.clock.clone()),
            keyring,
            revocations,
            bus,
            limiter: limiter.counted_by(&self.metrics),
            master_key,
        };
        self.wait_for_keys(&ground).await;
        let (store, health) = (ground.store.clone(), self.health.clone());
        self.background.spawn(DATABASE, move |stop| watch(store.clone(), health.clone(), stop));
        Ok(ground)
    }

    /// Opens the store and brings its tables up to date, for as long as it takes to be there. What waiting does not mend ends
    /// the process.
    async fn wait_for_store(&self, options: StoreOptions) -> Result<Store, GroundError> {
        loop {
            match open(options.clone()).await {
                Ok(store) => {
                    self.health.report(DATABASE, Ok(()));
                    return Ok(store);
                }
                Err(error @ (StoreError::Address(_) | StoreError::SchemaTooNew { .. })) => return Err(error.into()),
                Err(error) => self.health.report(DATABASE, Err(chain(&error))),
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }

    async fn wait_for_keys(&self, ground: &Ground) {
        let feed = IdentityFeed::new(IdentityParts {
            store: ground.store.clone(),
            tenants: ground.tenants.clone(),
            master_key: ground.master_key.clone(),
            keyring: ground.keyring.clone(),
            revocations: ground.revocations.clone(),
            bus: ground.bus.clone(),
            clock: self.clock.clone(),
        });
        while let Err(error) = feed.prime().await {
            self.health.report(KEYS, Err(chain(&error)));
            tokio::time::sleep(AGAIN_AFTER).await;
        }
        self.health.report(KEYS, Ok(()));
        feed.spawn(&self.background);
    }

    /// Ends what is left after the services have been drained.
    pub async fn end(self, ground: Option<Ground>) {
        self.background.stop(LAST_TASKS).await;
        if let Some(ground) = ground {
            ground.store.close().await;
        }
        self.end_of_probes.cancel();
        // Probes that failed have nothing more to say.
        let _ = self.probes.await;
    }
}

async fn open(options: StoreOptions) -> Result<Store, StoreError> {
    let store = Store::open(options).await?;
    store.migrate().await?;
    store.check().await?;
    Ok(store)
}

/// Tells the probes whether the store is there, each second.
async fn watch(store: Store, health: Health, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(AGAIN_AFTER)).await.is_some() {
        let Some(checked) = stop.run_until_cancelled(store.check()).await else { return };
        health.report(DATABASE, checked.map_err(|error| chain(&error)));
    }
}

/// Takes an address.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, GroundError> {
    let taken = TcpListener::bind(address).await;
    taken.map_err(|source| GroundError::System { what: format!("{address} cannot be listened on"), source })
}

fn address_of(listener: &TcpListener) -> Result<SocketAddr, GroundError> {
    let address = listener.local_addr();
    address.map_err(|source| GroundError::System { what: "a listener has no address".to_owned(), source })
}
