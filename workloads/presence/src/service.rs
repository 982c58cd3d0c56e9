//! The process around the gateway: from a Config to a listener and, on SIGTERM, to a quiet end.

use confab_chassis::http::Edge;
use confab_chassis::serve;
use confab_chassis::telemetry::LogControl;
use confab_contract::config::presence::PresenceConfig;
use confab_groundwork::{Ground, Process, Settings, listen};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{Parts, Presence, Tempo};

/// Serves until a signal asks to leave.
pub async fn run(config: PresenceConfig, log: LogControl) -> anyhow::Result<()> {
    let process = Process::begin(config.drain.clone(), config.ops.listen, Some(log)).await?;
    process.listen_for_signals()?;
    let listener = listen(config.http.listen).await?;
    let settings = Settings::from_config(&config)?;
    let ground = process.lay(settings, &listener, &config.http).await?;
    if let Some(ground) = &ground {
        serve_until_drained(listener, &config, &process, ground).await;
    }
    process.end(ground).await;
    Ok(())
}

/// Ends when no connection is left, or the deadline is past.
async fn serve_until_drained(listener: TcpListener, config: &PresenceConfig, process: &Process, ground: &Ground) {
    let Process { metrics, drain, clock, .. } = process;
    let presence = Presence::build(Parts {
        store: ground.store.clone(),
        tenants: ground.tenants.clone(),
        verifier: ground.verifier.clone(),
        revocations: ground.revocations.clone(),
        bus: ground.bus.clone(),
        limiter: ground.limiter.clone(),
        master_key: ground.master_key.clone(),
        drain: drain.clone(),
        metrics: metrics.clone(),
        clock: clock.clone(),
        sockets: config.sockets,
        tempo: Tempo::default(),
    });
    let edge = Edge::new(ground.tenants.clone(), &config.http, clock.clone(), metrics);
    let app = edge.protect(presence.router());
    tracing::info!(listen = %config.http.listen, version = env!("CARGO_PKG_VERSION"), "serving WebSockets");
    let serving = serve::serve(listener, app, config.http.clone(), drain.clone(), metrics.clone());
    // Background work ends by the drain, too: when the last connection has been closed.
    tokio::join!(serving, presence.run(CancellationToken::new()));
}
