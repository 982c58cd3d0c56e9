//! `confab-messaging`: the REST API as a process of its own.

use std::process::ExitCode;

use clap::Parser;
use confab_groundwork::program::{self, ServiceArguments};
use confab_messaging::{DEFAULT_CONFIG, service};

/// Serves the REST API of Confab, on Postgres and Redis, beside others of its kind.
#[derive(Debug, Parser)]
#[command(name = "confab-messaging", version)]
struct Arguments {
    #[command(flatten)]
    service: ServiceArguments,
}

#[tokio::main]
async fn main() -> ExitCode {
    program::run("confab-messaging", Arguments::parse().service, DEFAULT_CONFIG, service::run).await
}
