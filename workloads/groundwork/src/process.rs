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
use confab_contract::config::section::{DrainConfig, HttpConfig};
use confab_identity::{IdentityFeed, IdentityParts, KeyError};
use confab_store::{Source, Store, StoreError, StoreOptions};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::ground::Ground;
use crate::settings::{GroundError, Settings, chain};
use crate::waiting_room::WaitingRoom;

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

    /// Waits until everything is there that services need, and answers 503 on the public listener meanwhile. `None`: the
    /// process was asked to leave before it was.
    pub async fn lay(
        &self,
        settings: Settings,
        public: &TcpListener,
        http: &HttpConfig,
    ) -> Result<Option<Ground>, GroundError> {
        let tenants = Tenants::new(settings.tenants.clone());
        let room = WaitingRoom::open(public, http, tenants, self.clock.clone(), &self.metrics);
        let room = room.map_err(|source| GroundError::System { what: "a listener has no twin".to_owned(), source })?;
        let ground = tokio::select! {
            ground = self.wait_for_ground(settings) => ground.map(Some),
            () = self.drain.refusing() => Ok(None),
        };
        room.close().await;
        // Only now: whoever sees the process ready is not answered 503 any more.
        if let Ok(Some(ground)) = &ground {
            self.health.report(KEYS, Ok(()));
            let (store, health) = (ground.store.clone(), self.health.clone());
            self.background.spawn(DATABASE, move |stop| watch(store.clone(), health.clone(), stop));
        }
        ground
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
        self.wait_for_keys(&ground).await?;
        Ok(ground)
    }

    /// Opens the store and brings its tables up to date, for as long as it takes to be there. What waiting does not mend ends
    /// the process.
    async fn wait_for_store(&self, options: StoreOptions) -> Result<Store, GroundError> {
        let is_a_file = matches!(options.source, Source::Sqlite(_));
        loop {
            match open(options.clone()).await {
                Ok(store) => {
                    self.health.report(DATABASE, Ok(()));
                    return Ok(store);
                }
                Err(error @ (StoreError::Address(_) | StoreError::SchemaTooNew { .. })) => return Err(error.into()),
                // Nobody comes and makes a file a database.
                Err(error @ StoreError::Refused(_)) if is_a_file => return Err(error.into()),
                Err(error) => self.health.report(DATABASE, Err(waiting_for_store(&error))),
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }

    /// Reads keys and revocations, for as long as it takes the store to give them. A key that this process cannot open
    /// stays so.
    async fn wait_for_keys(&self, ground: &Ground) -> Result<(), GroundError> {
        let feed = IdentityFeed::new(IdentityParts {
            store: ground.store.clone(),
            tenants: ground.tenants.clone(),
            master_key: ground.master_key.clone(),
            keyring: ground.keyring.clone(),
            revocations: ground.revocations.clone(),
            bus: ground.bus.clone(),
            clock: self.clock.clone(),
        });
        loop {
            match feed.prime().await {
                Ok(()) => break,
                Err(error @ (KeyError::Sealed { .. } | KeyError::NoGeneration { .. })) => return Err(error.into()),
                Err(error) => self.health.report(KEYS, Err(chain(&error))),
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
        feed.spawn(&self.background);
        Ok(())
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

/// What is said of a store that is not there yet, in the log and by the readiness probe.
fn waiting_for_store(error: &StoreError) -> String {
    let cure = error.cure().map(|cure| format!("; {cure}")).unwrap_or_default();
    format!("waiting for the database: {}{cure}", chain(error))
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
