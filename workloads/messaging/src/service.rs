//! The process around the API: from a Config to a listener and, on SIGTERM, to a quiet end.

use anyhow::Context as _;
use confab_chassis::http::Edge;
use confab_chassis::serve;
use confab_chassis::telemetry::LogControl;
use confab_contract::config::messaging::MessagingConfig;
use confab_groundwork::{Ground, Process, Settings, listen};
use tokio::net::TcpListener;

use crate::{Messaging, Parts};

/// Serves until a signal asks to leave.
pub async fn run(config: MessagingConfig, log: LogControl) -> anyhow::Result<()> {
    let process = Process::begin(config.drain.clone(), config.ops.listen, Some(log)).await?;
    process.listen_for_signals()?;
    // Taken before the store is awaited, so that a wrong address is told at once.
    let listener = listen(config.http.listen).await?;
    let settings = Settings::from_config(&config)?;
    let ground = process.lay(settings, &listener, &config.http).await?;
    if let Some(ground) = &ground {
        serve_until_drained(listener, &config, &process, ground).await?;
    }
    process.end(ground).await;
    Ok(())
}

async fn serve_until_drained(
    listener: TcpListener,
    config: &MessagingConfig,
    process: &Process,
    ground: &Ground,
) -> anyhow::Result<()> {
    let messaging = Messaging::build(parts(config, process, ground));
    let edge = Edge::new(ground.tenants.clone(), &config.http, process.clock.clone(), &process.metrics);
    let listen = listener.local_addr().context("a listener has no address")?;
    tracing::info!(%listen, version = env!("CARGO_PKG_VERSION"), "serving the REST API");
    let app = edge.protect(messaging.router());
    let admin = process.serve_admin(config.admin.as_ref(), ground).await?;
    serve::serve(listener, app, config.http.clone(), process.drain.clone(), process.metrics.clone()).await;
    if let Some(admin) = admin {
        admin.ended().await;
    }
    Ok(())
}

fn parts(config: &MessagingConfig, process: &Process, ground: &Ground) -> Parts {
    let Ground { store, tenants, keyring, verifier, revocations, bus, limiter, master_key, .. } = ground.clone();
    let (clock, passwords) = (process.clock.clone(), config.passwords);
    Parts { store, tenants, keyring, verifier, revocations, bus, limiter, master_key, clock, passwords }
}
