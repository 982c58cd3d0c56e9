//! `confab-operator`: looks after the `ChatTenants` of a cluster.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use confab_chassis::config;
use confab_chassis::health::Health;
use confab_chassis::ops::{self, Ops};
use confab_chassis::telemetry::{self, Metrics};
use confab_operator::config::{DEFAULT_CONFIG, OperatorConfig};
use confab_operator::controller::{self, Parts, WATCHES};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Looks after the ChatTenants of a cluster: makes, scales, heals and removes what each needs.
#[derive(Debug, Parser)]
#[command(name = "confab-operator", version)]
struct Arguments {
    /// The Config file. Without it every setting has its default.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Prints the commented default Config and ends.
    #[arg(long)]
    print_default_config: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("confab-operator: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    if arguments.print_default_config {
        std::io::stdout().lock().write_all(DEFAULT_CONFIG.as_bytes())?;
        return Ok(());
    }
    let config: OperatorConfig = match &arguments.config {
        Some(file) => config::load(file)?,
        None => OperatorConfig::default(),
    };
    let log = telemetry::init(&config.log)?;
    let (metrics, health, stop) = (Metrics::new(), Health::new(&[WATCHES]), CancellationToken::new());
    let listener = TcpListener::bind(config.ops.listen).await?;
    let end_of_probes = CancellationToken::new();
    let ops = Ops { health: health.clone(), metrics: metrics.clone(), log: Some(log) };
    let probes = tokio::spawn(ops::serve(listener, ops, end_of_probes.clone()));
    stop_on_signals(&stop)?;
    let cluster = confab_operator::cluster::config().await?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), cluster = %cluster.cluster_url, "looking after ChatTenants");
    let outcome = controller::run(Parts::new(config, cluster, metrics, health), stop).await;
    end_of_probes.cancel();
    let _ = probes.await;
    outcome
}

fn stop_on_signals(stop: &CancellationToken) -> std::io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("leaving");
        stop.cancel();
    });
    Ok(())
}
