//! The life of a process around its services.

use std::net::SocketAddr;
use std::time::Duration;

use confab_chassis::background::Background;
use confab_chassis::bus::Bus;
use confab_chassis::clock::Clock;
use confab_chassis::config::SecretSource;
use confab_chassis::drain::Drain;
use confab_chassis::health::Health;
use confab_chassis::ops::{self, Ops};
use confab_chassis::rate::RateLimiter;
use confab_chassis::redis_link::RedisLink;
use confab_chassis::telemetry::{LogControl, Metrics};
use confab_chassis::tenant::Tenants;
use confab_chassis::token::{Keyring, Revocations, Verifier};
use confab_contract::config::admin::{AdminConfig, TenantSource};
use confab_contract::config::section::{DrainConfig, HttpConfig};
use confab_identity::{IdentityFeed, IdentityParts, KeyError};
use confab_store::{Store, StoreError};
use confab_tenancy::{Admin, AdminParts, FollowError, Follower, FollowerParts, purge};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::ground::Ground;
use crate::settings::{Database, GroundError, Settings, chain};
use crate::waiting_room::WaitingRoom;

/// The part of readiness that the store reports.
const DATABASE: &str = "database";
/// The part of readiness that signing keys and revocations report.
const KEYS: &str = "keys";
/// Pause between two tries to reach what is away, and between two looks at the store.
pub(crate) const AGAIN_AFTER: Duration = Duration::from_secs(1);
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
    /// Answers probes from now on. With `log` its filter can be changed there.
    pub async fn begin(
        drain: DrainConfig,
        ops_listen: SocketAddr,
        log: Option<LogControl>,
    ) -> Result<Self, GroundError> {
        let (metrics, health) = (Metrics::new(), Health::new(&[DATABASE, KEYS]));
        let drain = Drain::new(drain);
        drain.make_unready(&health);
        let listener = listen(ops_listen).await?;
        let probe_address = address_of(&listener)?;
        let end_of_probes = CancellationToken::new();
        let ops = Ops { health: health.clone(), metrics: metrics.clone(), log };
        let probes = tokio::spawn(ops::serve(listener, ops, end_of_probes.clone()));
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
        let database = settings.database.clone();
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
            self.background.spawn(DATABASE, move |stop| watch(store.clone(), database.clone(), health.clone(), stop));
        }
        ground
    }

    async fn wait_for_ground(&self, settings: Settings) -> Result<Ground, GroundError> {
        let Settings { database, redis_url, master_key, tenant_source, tenants } = settings;
        let (bus, limiter) = match redis_url {
            None => (Bus::in_process(), RateLimiter::in_process(self.clock.clone())),
            Some(url) => {
                let link = RedisLink::open(url.clone(), "rate limits")?;
                (Bus::redis(url, &self.metrics)?, RateLimiter::with_redis(link, self.clock.clone()))
            }
        };
        let store = self.wait_for_store(&database).await?;
        let (keyring, revocations) = (Keyring::new(), Revocations::new());
        let mut ground = Ground {
            store,
            tenants: Tenants::new(tenants),
            verifier: Verifier::new(keyring.clone(), revocations.clone(), self.clock.clone()),
            keyring,
            revocations,
            bus,
            limiter: limiter.counted_by(&self.metrics),
            master_key,
            follower: None,
        };
        ground.tenants.counted_by(&self.metrics);
        let identity = self.identity(&ground);
        ground.follower = self.wait_for_tenants(&ground, &identity, tenant_source).await?;
        identity.spawn(&self.background);
        if let Some(follower) = &ground.follower {
            follower.spawn(&self.background);
            purge::spawn(follower, &self.clock, &self.background);
        }
        Ok(ground)
    }

    /// Opens the store and brings its tables up to date, for as long as it takes to be there. What waiting does not mend ends
    /// the process.
    async fn wait_for_store(&self, database: &Database) -> Result<Store, GroundError> {
        loop {
            match open(database).await {
                Ok(store) => {
                    self.health.report(DATABASE, Ok(()));
                    return Ok(store);
                }
                Err(error) if will_never_do(&error, database) => return Err(error),
                Err(error) => self.health.report(DATABASE, Err(waiting_for_store(&error))),
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }

    fn identity(&self, ground: &Ground) -> IdentityFeed {
        IdentityFeed::new(IdentityParts {
            store: ground.store.clone(),
            tenants: ground.tenants.clone(),
            master_key: ground.master_key.clone(),
            keyring: ground.keyring.clone(),
            revocations: ground.revocations.clone(),
            bus: ground.bus.clone(),
            clock: self.clock.clone(),
        })
    }

    /// Reads tenants, keys and revocations, for as long as it takes the store to give them. A key that this process cannot
    /// open stays so.
    async fn wait_for_tenants(
        &self,
        ground: &Ground,
        identity: &IdentityFeed,
        source: TenantSource,
    ) -> Result<Option<Follower>, GroundError> {
        let follower = (source == TenantSource::Store).then(|| {
            Follower::new(FollowerParts {
                store: ground.store.clone(),
                tenants: ground.tenants.clone(),
                keyring: ground.keyring.clone(),
                identity: identity.clone(),
                bus: ground.bus.clone(),
            })
        });
        loop {
            let primed = match &follower {
                Some(follower) => prime_from_store(follower, identity).await,
                None => identity.prime().await.map_err(GroundError::from),
            };
            match primed {
                Ok(()) => return Ok(follower),
                Err(error @ GroundError::Keys(KeyError::Sealed { .. } | KeyError::NoGeneration { .. })) => {
                    return Err(error);
                }
                Err(error) => self.health.report(KEYS, Err(chain(&error))),
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }

    /// Begins to answer the operator, until the drain refuses new work.
    pub async fn serve_admin(
        &self,
        config: Option<&AdminConfig>,
        ground: &Ground,
    ) -> Result<Option<Admin>, GroundError> {
        // The Config has been checked: where there is an admin listener tenants come from the store.
        let (Some(config), Some(follower)) = (config, &ground.follower) else { return Ok(None) };
        let parts = AdminParts {
            store: ground.store.clone(),
            follower: follower.clone(),
            bus: ground.bus.clone(),
            clock: self.clock.clone(),
            drain: self.drain.clone(),
            metrics: self.metrics.clone(),
        };
        Ok(Some(Admin::begin(config, parts).await?))
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

async fn prime_from_store(follower: &Follower, identity: &IdentityFeed) -> Result<(), GroundError> {
    follower.prime().await.map_err(|error| match error {
        FollowError::Keys(error) => GroundError::Keys(error),
        error @ FollowError::Store(_) => GroundError::Tenants(error),
    })?;
    Ok(identity.prime_revocations().await?)
}

/// What is said of a store that is not there yet, in the log and by the readiness probe.
pub(crate) fn waiting_for_store(error: &GroundError) -> String {
    let cure = match error {
        GroundError::Store(error) => error.cure().map(|cure| format!("; {cure}")).unwrap_or_default(),
        _ => String::new(),
    };
    format!("waiting for the database: {}{cure}", chain(error))
}

/// Whether waiting does not help.
pub(crate) fn will_never_do(error: &GroundError, database: &Database) -> bool {
    match error {
        GroundError::Store(StoreError::Address(_) | StoreError::SchemaTooNew { .. }) => true,
        // Nobody comes and makes a file a database.
        GroundError::Store(StoreError::Refused(_)) => database.file().is_some(),
        // The file of the address may be mounted later.
        GroundError::Store(_) | GroundError::Config(_) => false,
        _ => true,
    }
}

pub(crate) async fn open(database: &Database) -> Result<Store, GroundError> {
    let store = Store::open(database.options()?).await?;
    store.migrate().await?;
    store.check().await?;
    Ok(store)
}

/// Tells the probes whether the store is there, each second, and has it use another address when there is one.
async fn watch(store: Store, database: Database, health: Health, stop: CancellationToken) {
    let mut address = Address::new(&database);
    while stop.run_until_cancelled(tokio::time::sleep(AGAIN_AFTER)).await.is_some() {
        if let Some(address) = &mut address {
            address.follow(&store);
        }
        let Some(checked) = stop.run_until_cancelled(store.check()).await else { return };
        health.report(DATABASE, checked.map_err(|error| chain(&error)));
    }
}

/// The address of the database in its file, and as it was last read.
struct Address<'a> {
    source: &'a SecretSource,
    read: Option<SecretString>,
}

impl<'a> Address<'a> {
    fn new(database: &'a Database) -> Option<Self> {
        let source = database.changing_address()?;
        Some(Self { source, read: source.read().ok() })
    }

    /// While the file cannot be read, or holds no address, the old one stays.
    fn follow(&mut self, store: &Store) {
        let Ok(now) = self.source.read() else { return };
        if self.read.as_ref().is_some_and(|read| read.expose_secret() == now.expose_secret()) {
            return;
        }
        match store.use_address(&now) {
            Ok(()) => tracing::info!("new connections use another address of the database"),
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "the old address stays"),
        }
        self.read = Some(now);
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
