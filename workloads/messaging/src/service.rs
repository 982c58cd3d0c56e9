//! The process around the API: from a Config to a listener and, on SIGTERM, to a quiet end.
//!
//! The probes answer first. Then the store is awaited for as long as it takes: a process whose database is away lives,
//! is unready, and says why.

use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use confab_chassis::background::Background;
use confab_chassis::bus::Bus;
use confab_chassis::clock::Clock;
use confab_chassis::config::secret_of;
use confab_chassis::drain::Drain;
use confab_chassis::health::Health;
use confab_chassis::http::Edge;
use confab_chassis::rate::RateLimiter;
use confab_chassis::redis_link::RedisLink;
use confab_chassis::seal::MasterKey;
use confab_chassis::telemetry::Metrics;
use confab_chassis::tenant::Tenants;
use confab_chassis::token::{Keyring, Revocations, Verifier};
use confab_chassis::{ops, serve};
use confab_contract::config::messaging::MessagingConfig;
use confab_contract::config::section::{BusConfig, DatabaseConfig};
use confab_identity::{IdentityFeed, IdentityParts};
use confab_store::{Source, Store, StoreError, StoreOptions};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{Messaging, Parts};

/// The part of readiness that the store reports.
const DATABASE: &str = "database";
/// The part of readiness that signing keys and revocations report.
const KEYS: &str = "keys";
/// Pause between two tries to reach what is away, and between two looks at the store.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How long background tasks may take to end.
const LAST_TASKS: Duration = Duration::from_secs(2);

/// What the process consists of besides the API.
struct Process {
    metrics: Metrics,
    health: Health,
    background: Background,
    drain: Drain,
    clock: Clock,
}

/// Serves until a signal asks to leave.
pub async fn run(config: MessagingConfig) -> anyhow::Result<()> {
    let process = Process {
        metrics: Metrics::new(),
        health: Health::new(&[DATABASE, KEYS]),
        background: Background::new(),
        drain: Drain::new(config.drain.clone()),
        clock: Clock::system(),
    };
    process.drain.listen_for_signals()?;
    process.drain.make_unready(&process.health);
    let (public, probes) = (listen(config.http.listen).await?, listen(config.ops.listen).await?);
    let end_of_probes = CancellationToken::new();
    let probing = ops::serve(probes, process.health.clone(), process.metrics.clone(), end_of_probes.clone());
    let probing = tokio::spawn(probing);

    let leaving = process.drain.clone();
    let prepared = tokio::select! {
        prepared = prepare(&config, &process) => Some(prepared?),
        // What it waits for did not come in time: nothing was served, nothing is to be finished.
        () = leaving.refusing() => None,
    };
    if let Some((messaging, store)) = prepared {
        serve_until_drained(public, &config, &process, &messaging).await;
        process.background.stop(LAST_TASKS).await;
        store.close().await;
    }
    end_of_probes.cancel();
    probing.await??;
    Ok(())
}

/// Everything that has to be there before the first request is taken.
async fn prepare(config: &MessagingConfig, process: &Process) -> anyhow::Result<(Messaging, Store)> {
    let Process { metrics, health, background, clock, .. } = process;
    let master_key = MasterKey::from_file(&config.master_key_file)?;
    let (bus, limiter) = wake_ups(&config.bus, metrics, clock)?;
    let tenants = Tenants::new(config.tenants.clone());
    let (keyring, revocations) = (Keyring::new(), Revocations::new());
    let verifier = Verifier::new(keyring.clone(), revocations.clone(), clock.clone());
    let store = open(&config.database, health).await?;
    let feed = IdentityFeed::new(IdentityParts {
        store: store.clone(),
        tenants: tenants.clone(),
        master_key: master_key.clone(),
        keyring: keyring.clone(),
        revocations: revocations.clone(),
        clock: clock.clone(),
    });
    while let Err(error) = feed.prime().await {
        health.report(KEYS, Err(chain(&error)));
        tokio::time::sleep(AGAIN_AFTER).await;
    }
    health.report(KEYS, Ok(()));
    feed.spawn(background);
    let (asked, told) = (store.clone(), health.clone());
    background.spawn("database", move |stop| watch(asked.clone(), told.clone(), stop));
    let passwords = config.passwords;
    let kept = store.clone();
    let messaging = Messaging::build(Parts {
        store,
        tenants,
        keyring,
        verifier,
        revocations,
        bus,
        limiter,
        master_key,
        clock: clock.clone(),
        passwords,
    });
    Ok((messaging, kept))
}

async fn serve_until_drained(
    listener: TcpListener,
    config: &MessagingConfig,
    process: &Process,
    messaging: &Messaging,
) {
    let Process { metrics, drain, clock, .. } = process;
    let edge = Edge::new(messaging.tenants().clone(), &config.http, clock.clone(), metrics);
    let app = edge.protect(messaging.router());
    tracing::info!(listen = %config.http.listen, version = env!("CARGO_PKG_VERSION"), "serving the REST API");
    serve::serve(listener, app, config.http.clone(), drain.clone(), metrics.clone()).await;
}

/// Redis where the Config names one, else nothing that leaves this process.
fn wake_ups(config: &BusConfig, metrics: &Metrics, clock: &Clock) -> anyhow::Result<(Bus, RateLimiter)> {
    let Some(url) = secret_of(config.redis_url.as_ref(), config.redis_url_file.as_deref())? else {
        return Ok((Bus::in_process(), RateLimiter::in_process(clock.clone()).counted_by(metrics)));
    };
    let link = RedisLink::open(&url, "rate limits")?;
    Ok((Bus::redis(&url, metrics)?, RateLimiter::with_redis(link, clock.clone()).counted_by(metrics)))
}

/// Opens the store and brings its schema up to date, for as long as it takes to be there and durable.
async fn open(config: &DatabaseConfig, health: &Health) -> anyhow::Result<Store> {
    let options = store_options(config)?;
    loop {
        match try_open(options.clone()).await {
            Ok(store) => {
                health.report(DATABASE, Ok(()));
                return Ok(store);
            }
            Err(error) => health.report(DATABASE, Err(chain(&error))),
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

async fn try_open(options: StoreOptions) -> Result<Store, StoreError> {
    let store = Store::open(options).await?;
    store.migrate().await?;
    store.check().await?;
    Ok(store)
}

/// Where the Config says the data lie.
pub fn store_options(config: &DatabaseConfig) -> anyhow::Result<StoreOptions> {
    let url = secret_of(config.url.as_ref(), config.url_file.as_deref())?;
    let source = match (url, &config.sqlite_file) {
        (Some(url), _) => Source::Postgres(url),
        (None, Some(file)) => Source::Sqlite(file.clone()),
        (None, None) => anyhow::bail!("database: give exactly one of url, url_file and sqlite_file"),
    };
    Ok(StoreOptions {
        source,
        max_connections: config.max_connections.unwrap_or(DatabaseConfig::DEFAULT_MAX_CONNECTIONS),
    })
}

/// Tells the probes whether the store is there, each second.
async fn watch(store: Store, health: Health, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(AGAIN_AFTER)).await.is_some() {
        let Some(checked) = stop.run_until_cancelled(store.check()).await else { return };
        health.report(DATABASE, checked.map_err(|error| chain(&error)));
    }
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("{address} cannot be listened on"))
}

/// An error with its causes, on one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Writes a text to standard output.
pub fn print(text: &str) -> std::io::Result<()> {
    std::io::stdout().lock().write_all(text.as_bytes())
}
