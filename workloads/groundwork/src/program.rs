//! The command line that all services have, and how a program of one ends.

use std::future::Future;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use confab_chassis::telemetry::{self, LogControl};

use crate::migrate::{Migrated, migrate};
use crate::service::ServiceConfig;

/// Exit code of `--migrate` when the database was not there in time: to try again makes sense (`EX_TEMPFAIL`).
const NOT_IN_TIME: u8 = 75;

/// What can be said to a service.
#[derive(Debug, Clone, Args)]
pub struct ServiceArguments {
    /// The Config file.
    #[arg(long, value_name = "FILE", required_unless_present = "print_default_config")]
    pub config: Option<PathBuf>,
    /// Prints the commented default Config and ends.
    #[arg(long)]
    pub print_default_config: bool,
    /// Brings the tables of the database up to date and ends, without serving: for an init container. Several may do so at
    /// once. Exit code 0: they are; 75: the database was not there in time; 1: waiting does not help.
    #[arg(long)]
    pub migrate: bool,
    /// With --migrate: how many seconds the database is waited for.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, requires = "migrate")]
    pub wait_seconds: u64,
}

/// Does what the command line says: prints the default Config, migrates, or serves. Errors go to standard error, after the
/// name of the program.
pub async fn run<C, F>(
    program: &str,
    arguments: ServiceArguments,
    default_config: &str,
    serve: impl FnOnce(C, LogControl) -> F,
) -> ExitCode
where
    C: ServiceConfig,
    F: Future<Output = anyhow::Result<()>>,
{
    let ended = match arguments.config.as_deref().filter(|_| !arguments.print_default_config) {
        None => print(default_config).map(|()| ExitCode::SUCCESS).map_err(anyhow::Error::from),
        Some(file) => begin(program, file, &arguments, serve).await,
    };
    ended.unwrap_or_else(|error| {
        eprintln!("{program}: {error:#}");
        ExitCode::FAILURE
    })
}

async fn begin<C, F>(
    program: &str,
    file: &Path,
    arguments: &ServiceArguments,
    serve: impl FnOnce(C, LogControl) -> F,
) -> anyhow::Result<ExitCode>
where
    C: ServiceConfig,
    F: Future<Output = anyhow::Result<()>>,
{
    let config: C = confab_chassis::config::load(file)?;
    let log = telemetry::init(config.log())?;
    if !arguments.migrate {
        serve(config, log).await?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(match migrate(config.database(), Duration::from_secs(arguments.wait_seconds)).await? {
        Migrated::UpToDate => ExitCode::SUCCESS,
        Migrated::NotInTime(why) => {
            eprintln!("{program}: the database was not there within {} seconds: {why}", arguments.wait_seconds);
            ExitCode::from(NOT_IN_TIME)
        }
    })
}

fn print(text: &str) -> std::io::Result<()> {
    std::io::stdout().lock().write_all(text.as_bytes())
}
