//! `confab-bench`: the figures, measured beside their goals.
#![expect(clippy::print_stdout, reason = "a command line program talks on standard output")]

use std::fs;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, ValueEnum as _};
use confab_e2e::bench::{Scale, Subject, measure};

/// Measures figures and shows each beside its goal. The load generator runs on the same cores as what it measures; its own
/// processor time is shown apart.
#[derive(Debug, Parser)]
#[command(
    name = "confab-bench",
    max_term_width = 110,
    after_help = "\
Examples:
  confab-bench
  confab-bench sends page
  confab-bench --quick"
)]
struct Arguments {
    /// What to measure; everything when none is named.
    #[arg(value_enum)]
    subjects: Vec<Subject>,
    /// Less of everything, for a first look.
    #[arg(long)]
    quick: bool,
}

// One thread: the rest of the machine belongs to the server.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let subjects = if arguments.subjects.is_empty() { Subject::value_variants() } else { &arguments.subjects };
    println!("{}", surroundings());
    if cfg!(debug_assertions) {
        println!("This is a debug build: the figures say little. Use make bench.");
    }
    let mut missed = 0;
    let scale = Scale::new(arguments.quick)?;
    measure(subjects, &scale, |figure| {
        missed += usize::from(figure.missed_by().is_some());
        println!("{figure}");
    })
    .await?;
    println!("{missed} goals missed");
    Ok(ExitCode::SUCCESS)
}

/// What the figures depend on.
fn surroundings() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap_or_default();
    let files = files.split_whitespace().next().unwrap_or("?");
    format!(
        "{cores} cores of{}; {files} open files allowed (10,000 sockets need 10,100: ulimit -n)",
        model.replace("\t:", "")
    )
}
