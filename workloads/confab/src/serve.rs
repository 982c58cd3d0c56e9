//! `confab serve`: messaging and presence in one process, from a Config file: the pod of a tenant with a database of its own
//! inside it.

use std::process::ExitCode;

use anyhow::Result;
use confab_chassis::telemetry::LogControl;
use confab_contract::config::serve::ServeConfig;
use confab_groundwork::program::{self, ServiceArguments};
use confab_groundwork::{Process, Settings, listen};

use crate::together::Together;

/// The commented default Config, which is also the documentation of every key.
pub const DEFAULT_CONFIG: &str = include_str!("../serve.default.yaml");

/// Does what the command line says.
pub async fn run(arguments: ServiceArguments) -> ExitCode {
    program::run("confab serve", arguments, DEFAULT_CONFIG, serve).await
}

/// Serves until a signal asks to leave.
async fn serve(config: ServeConfig, log: LogControl) -> Result<()> {
    let settings = Settings::from_config(&config)?;
    // Held as long as the process serves.
    let _folder = settings.database.take_folder()?;
    let process = Process::begin(config.drain, config.ops.listen, Some(log)).await?;
    process.listen_for_signals()?;
    let listener = listen(config.http.listen).await?;
    let Some(ground) = process.lay(settings, &listener, &config.http).await? else {
        process.end(None).await;
        return Ok(());
    };
    let listen = listener.local_addr()?;
    tracing::info!(%listen, version = env!("CARGO_PKG_VERSION"), "serving the REST API and WebSockets");
    let ServeConfig { http, passwords, sockets, admin, .. } = config;
    Together { http, passwords, sockets, admin }.serve_until_drained(listener, process, ground).await
}
