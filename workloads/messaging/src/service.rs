//! The process around the API: from a Config to a listener and, on SIGTERM, to a quiet end.

use std::io::Write as _;

use anyhow::Context as _;
use confab_chassis::http::Edge;
use confab_chassis::serve;
use confab_contract::config::messaging::MessagingConfig;
use confab_groundwork::{Ground, Process, Settings, listen};
use tokio::net::TcpListener;

use crate::{Messaging, Parts};

/// Serves until a signal asks to leave.
pub async fn run(config: MessagingConfig) -> anyhow::Result<()> {
    let process = Process::begin(config.drain.clone(), config.ops.listen).await?;
    process.listen_for_signals()?;
    // Taken before the store is awaited, so that a wrong address is told at once.
    let listener = listen(config.http.listen).await?;
    let settings = Settings::from_config(&config.database, &config.bus, &config.master_key_file, &config.tenants)?;
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
    serve::serve(listener, app, config.http.clone(), process.drain.clone(), process.metrics.clone()).await;
    Ok(())
}

fn parts(config: &MessagingConfig, process: &Process, ground: &Ground) -> Parts {
    let Ground { store, tenants, keyring, verifier, revocations, bus, limiter, master_key } = ground.clone();
    let (clock, passwords) = (process.clock.clone(), config.passwords);
    Parts { store, tenants, keyring, verifier, revocations, bus, limiter, master_key, clock, passwords }
}

/// Writes a text to standard output.
pub fn print(text: &str) -> std::io::Result<()> {
    std::io::stdout().lock().write_all(text.as_bytes())
}
