//! `confab-soak`: load and faults for as long as it is told, judged by the checker round after round.
#![expect(clippy::print_stdout, reason = "a command line program talks on standard output")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Parser;
use confab_e2e::driver::Load;
use confab_e2e::harness::{Layout, Site, SiteOptions};
use confab_e2e::run::{Plan, Report, RunFolder, recheck, round};

/// Load and faults for as long as it is told; each round is judged by the checker.
#[derive(Debug, Parser)]
#[command(
    name = "confab-soak",
    max_term_width = 110,
    after_help = "\
Examples:
  confab-soak --minutes 60
  confab-soak --minutes 10 --senders 20 --groups 10 --devices 3 --pause 20
  confab-soak --layout laptop --seed 7
      one round with the plans and faults of seed 7
  confab-soak --recheck target/debug/e2e-runs/laptop-seed7-1763980000000
      judges again what a failed run left"
)]
struct Arguments {
    /// How long; without it one round.
    #[arg(long, value_name = "N", default_value_t = 0)]
    minutes: u64,
    /// One process on SQLite, or four on Postgres and Redis.
    #[arg(long, value_enum, default_value_t = Layout::Cluster)]
    layout: Layout,
    /// Seed of the first round; later rounds count up from it.
    #[arg(long)]
    seed: Option<u64>,
    /// Seconds of load in a round; between rounds all is read and judged.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    round_seconds: u64,
    /// People who are members from beginning to end, and send.
    #[arg(long, value_name = "N", default_value_t = Load::SMALL.senders)]
    senders: usize,
    /// People who are added and removed all the time.
    #[arg(long, value_name = "N", default_value_t = Load::SMALL.guests)]
    guests: usize,
    /// Groups; beside them each sender has a direct conversation with the next.
    #[arg(long, value_name = "N", default_value_t = Load::SMALL.groups)]
    groups: usize,
    /// Devices of each person that listen over all their reconnects.
    #[arg(long, value_name = "N", default_value_t = Load::SMALL.devices)]
    devices: usize,
    /// Longest pause of a sender between two operations.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = Load::SMALL.pause_millis)]
    pause: u64,
    /// Break nothing.
    #[arg(long)]
    no_faults: bool,
    /// Start the build with built-in faults, with this one: ack-before-commit, skip-duplicate-check, swap-seq or
    /// drop-fan-out. The checker must go red. Layout laptop only.
    #[arg(long, value_name = "FAULT")]
    sabotage: Option<String>,
    /// Judge again what a failed run left in this folder, and do nothing else.
    #[arg(long, value_name = "FOLDER")]
    recheck: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    if let Some(folder) = &arguments.recheck {
        let problems = recheck(folder)?;
        for problem in &problems {
            println!("{problem}");
        }
        println!("{} problems", problems.len());
        return Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    soak(&arguments).await
}

async fn soak(arguments: &Arguments) -> Result<ExitCode> {
    let first = arguments.seed.unwrap_or_else(|| rand::random_range(0..1_000_000));
    let mut plan = Plan {
        layout: arguments.layout,
        seed: first,
        time: Duration::from_secs(arguments.round_seconds),
        faults: !arguments.no_faults,
        load: Load {
            senders: arguments.senders,
            guests: arguments.guests,
            groups: arguments.groups,
            devices: arguments.devices,
            pause_millis: arguments.pause,
        },
        options: arguments.sabotage.as_deref().map(SiteOptions::sabotaged).unwrap_or_default(),
    };
    let folder = RunFolder::create(&plan)?;
    let started = Site::start(plan.layout, &plan.options, folder.path()).await;
    let mut site = started.with_context(|| format!("no site; its logs are in {}", folder.path().display()))?;
    let until = Instant::now() + Duration::from_secs(arguments.minutes * 60);
    loop {
        let report = round(&mut site, &plan, &folder).await?;
        println!("seed {}: {}", plan.seed, summary(&report));
        if let Some(folder) = &report.folder {
            for line in report.panics.iter().chain(&report.lacks) {
                println!("  {line}");
            }
            for problem in report.problems.iter().take(20) {
                println!("  {problem}");
            }
            println!("everything lies in {}; verdict.txt there says how to play it again", folder.display());
            return Ok(ExitCode::FAILURE);
        }
        if Instant::now() >= until {
            return Ok(ExitCode::SUCCESS);
        }
        plan.seed += 1;
    }
}

fn summary(report: &Report) -> String {
    let counts = report.counts;
    format!(
        "{} operations ({} acknowledged, {} refused, {} unknown), {} deliveries over {} connections, {} faults: {}",
        counts.operations,
        counts.acknowledged,
        counts.refused,
        counts.unknown,
        counts.deliveries,
        counts.connections,
        report.faults.len(),
        if report.folder.is_none() { "good" } else { "BAD" }
    )
}
