//! `confab-presence`: the WebSocket gateway as a process of its own.

use std::process::ExitCode;

use clap::Parser;
use confab_groundwork::program::{self, ServiceArguments};
use confab_presence::{DEFAULT_CONFIG, service};

/// Serves the WebSockets of Confab, on Postgres and Redis, beside others of its kind.
#[derive(Debug, Parser)]
#[command(name = "confab-presence", version)]
struct Arguments {
    #[command(flatten)]
    service: ServiceArguments,
}

#[tokio::main]
async fn main() -> ExitCode {
    program::run("confab-presence", Arguments::parse().service, DEFAULT_CONFIG, service::run).await
}
