//! `confab-presence`: the WebSocket gateway as a process of its own.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use confab_chassis::config;
use confab_contract::config::presence::PresenceConfig;
use confab_presence::{DEFAULT_CONFIG, service};

/// Serves the WebSockets of Confab, on Postgres and Redis, beside others of its kind.
#[derive(Debug, Parser)]
#[command(name = "confab-presence", version)]
struct Arguments {
    /// The Config file.
    #[arg(long, value_name = "FILE", required_unless_present = "print_default_config")]
    config: Option<PathBuf>,
    /// Prints the commented default Config and ends.
    #[arg(long)]
    print_default_config: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("confab-presence: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let Some(file) = arguments.config.filter(|_| !arguments.print_default_config) else {
        service::print(DEFAULT_CONFIG)?;
        return Ok(());
    };
    let config: PresenceConfig = config::load(&file)?;
    confab_chassis::telemetry::init(&config.log)?;
    service::run(config).await
}
