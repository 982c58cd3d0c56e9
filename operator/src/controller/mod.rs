//! The life of the operator: watches from the first moment, work only while it leads, and an orderly end.

mod capabilities;
mod workers;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use confab_chassis::background::Background;
use confab_chassis::health::Health;
use confab_chassis::telemetry::Metrics;
use confab_desired::Kind;
use kube::runtime::events::{Recorder, Reporter};
use kube::{Client, Config};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::admin::{Hosts, key, refresh};
use crate::cluster::discovery;
use crate::cluster::{fenced_client, plain_client, prepare};
use crate::config::OperatorConfig;
use crate::election::fence::{Fence, GRACE};
use crate::election::{self, Candidate};
use crate::metrics::OperatorMetrics;
use crate::queue::Queue;
use crate::tenant::{Context, Limits};
use crate::world::World;
use crate::world::watch::{Scope, Watches};

/// The part of readiness that the watches report.
pub const WATCHES: &str = "watches";
/// How often it is looked whether all watches have given their first list.
const LOOK: Duration = Duration::from_millis(20);
/// How long background tasks may take to end.
const LAST_TASKS: Duration = Duration::from_secs(2);

/// What the operator is built from.
#[derive(Clone)]
pub struct Parts {
    /// Its settings.
    pub config: OperatorConfig,
    /// Where the cluster is.
    pub cluster: Config,
    /// Its numbers.
    pub metrics: Metrics,
    /// Whether it is ready.
    pub health: Health,
    /// How long things may take.
    pub limits: Limits,
    /// Makes the client that reconciles, behind the fence. Tests put faults there.
    pub client: MakeClient,
}

/// Makes the client that reconciles, behind the fence.
pub type MakeClient = Arc<dyn Fn(Config, &Fence, &OperatorMetrics) -> anyhow::Result<Client> + Send + Sync>;

impl Parts {
    /// The parts of an ordinary operator.
    pub fn new(config: OperatorConfig, mut cluster: Config, metrics: Metrics, health: Health) -> Self {
        prepare(&mut cluster);
        let limits = Limits { resync: Duration::from_secs(config.resync_seconds), ..Limits::default() };
        Self { config, cluster, metrics, health, limits, client: Arc::new(fenced_client) }
    }
}

/// Runs until `stop`, then ends in order: no new work, what is in hand is dropped, the Lease is given up.
pub async fn run(parts: Parts, stop: CancellationToken) -> anyhow::Result<()> {
    let metrics: OperatorMetrics = parts.metrics.set();
    let (fence, background) = (Fence::default(), Background::new());
    let namespace = own_namespace(&parts);
    let plain = plain_client(parts.cluster.clone(), &metrics)?;
    let client = (parts.client)(parts.cluster.clone(), &fence, &metrics)?;
    let context = Arc::new(build(&parts, &metrics, &plain, client, &namespace).await?);
    let watches = Watches {
        // Reading needs no leader: a standby knows the world already.
        client: plain.clone(),
        scope: context.scope.clone(),
        world: context.world.clone(),
        queue: context.queue.clone(),
        metrics: metrics.clone(),
    };
    watch_all(&watches, &context, &background);
    capabilities::spawn(&background, &plain, &watches, &context);
    wait_for_lists(&context, &parts.health, &stop).await;

    let (leading, mut leads) = watch::channel(false);
    let candidate = Candidate {
        namespace,
        lease: parts.config.election.lease.clone(),
        identity: identity(),
        duration: Duration::from_secs(parts.config.election.duration_seconds),
    };
    let resign = CancellationToken::new();
    let elected = tokio::spawn(election::run(candidate, plain, fence, leading, resign.clone()));
    let workers = usize::from(parts.config.workers);
    while stop.run_until_cancelled(leads.wait_for(|leads| *leads)).await.is_some_and(|waited| waited.is_ok()) {
        lead(&context, workers, &mut leads, &stop).await;
    }
    // Only when no write of ours is under way any more may another begin.
    resign.cancel();
    let _ = elected.await;
    background.stop(LAST_TASKS).await;
    Ok(())
}

/// Works until the Lease is lost or `stop`.
async fn lead(context: &Arc<Context>, workers: usize, leads: &mut watch::Receiver<bool>, stop: &CancellationToken) {
    context.metrics.leader.set(1);
    let term = stop.child_token();
    context.world.tenants().into_iter().for_each(|key| context.queue.add(key));
    let crew = workers::spawn(context, workers, &term);
    let looking = tokio::spawn(refresh::run(
        context.hosts.clone(),
        context.world.clone(),
        context.queue.clone(),
        context.scope.clone(),
        term.clone(),
    ));
    tokio::select! {
        _ = leads.wait_for(|leads| !*leads) => {}
        () = stop.cancelled() => {}
    }
    term.cancel();
    // Each ends at its next pause; a write that has begun ends within the grace.
    let _ = tokio::time::timeout(GRACE, crew.wait()).await;
    let _ = looking.await;
    context.queue.clear();
    context.metrics.leader.set(0);
}

async fn build(
    parts: &Parts,
    metrics: &OperatorMetrics,
    plain: &Client,
    client: Client,
    namespace: &str,
) -> anyhow::Result<Context> {
    let config = &parts.config;
    let scope = match config.watch_namespaces.as_slice() {
        [] => Scope::Cluster,
        namespaces => Scope::Namespaces(namespaces.to_vec()),
    };
    let key = key::load_or_make(plain, namespace).await?;
    let mut settings = config.tenants.clone();
    settings.operator_keys.insert(0, key.public_key());
    settings.capabilities = discovery::capabilities(plain).await.context("the API server does not answer")?;
    let addresses = config.host_addresses.clone().into_iter().collect();
    let reporter = Reporter { controller: "confab.dev/operator".to_owned(), instance: Some(identity()) };
    Ok(Context {
        world: World::new(scope.watches(), config.default_host()),
        queue: Queue::default(),
        hosts: Hosts::new(plain.clone(), key, addresses),
        settings: ArcSwap::from_pointee(settings),
        metrics: metrics.clone(),
        recorder: Recorder::new(client.clone(), reporter),
        scope,
        limits: parts.limits,
        namespaces: crate::tenant::NamespaceLabels::default(),
        census: crate::tenant::Census::default(),
        rivals: crate::tenant::Rivals::new(namespace, &config.election.lease),
        client,
    })
}

fn watch_all(watches: &Watches, context: &Context, background: &Background) {
    watches.spawn_tenants(background);
    let capabilities = context.settings().capabilities;
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_watched() && capabilities.has(*kind)) {
        watches.spawn_children(background, kind);
    }
}

/// Nothing is decided from an absence before every first list is there.
async fn wait_for_lists(context: &Context, health: &Health, stop: &CancellationToken) {
    let lists = async {
        while !context.world.is_complete() {
            health.report(WATCHES, Err("the first lists are being read".to_owned()));
            tokio::time::sleep(LOOK).await;
        }
    };
    if stop.run_until_cancelled(lists).await.is_some() {
        health.report(WATCHES, Ok(()));
    }
}

fn own_namespace(parts: &Parts) -> String {
    let config = &parts.config;
    if config.namespace.is_empty() { parts.cluster.default_namespace.clone() } else { config.namespace.clone() }
}

/// Unlike any other process, also of the same pod: its name, if it has one, and something random.
fn identity() -> String {
    let pod = std::env::var("HOSTNAME").unwrap_or_else(|_| "operator".to_owned());
    format!("{pod}_{:08x}", rand::random::<u32>())
}
