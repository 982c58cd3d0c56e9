//! The `confab` command: everything in one process on a laptop, and tools around it.
//!
//! - [`cli`]: what can be said.
//! - [`up`]: serve the tenants of a YAML file (messaging and presence in one process).
//! - [`serve`]: the same from a Config file, as a pod does; `together` is what both have in common.
//! - [`tour`]: a client's conversation, played and shown.
//! - [`doctor`], [`validate`]: look without changing anything.
//! - [`render`], [`plan`]: what the operator would make of tenant files ([`rendering`]), and what that would change.
//! - [`user`]: look after accounts.
//! - [`generate`]: the documents that are made from code.
//!
//! It decides nothing about chat: it puts the workloads' own parts together.

pub mod cli;
pub mod doctor;
pub mod generate;
pub mod plan;
pub mod render;
pub mod rendering;
pub mod serve;
pub mod tenants;
mod together;
pub mod tour;
pub mod up;
pub mod user;
pub mod validate;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser as _;

use cli::{Cli, Command};

/// Parses the command line and does what it says.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = runtime.context("the runtime did not start").and_then(|runtime| runtime.block_on(dispatch(cli)));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("confab: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(cli: Cli) -> Result<ExitCode> {
    let well = match cli.command {
        Command::Up(args) => up::run(args).await.map(|()| true)?,
        Command::Serve(arguments) => return Ok(serve::run(arguments).await),
        Command::Tour(args) => Box::pin(tour::run(args)).await.map(|()| true)?,
        Command::Doctor(args) => doctor::run(args).await?,
        Command::Validate(args) => validate::run(&args),
        Command::Render(args) => return Ok(render::run(&args)),
        Command::Plan(args) => return Ok(plan::run(&args)),
        Command::User(args) => user::run(args).await.map(|()| true)?,
        Command::Generate(args) => generate::run(&args)?,
    };
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
