//! `confab-bench`: the figures, measured beside their goals.
#![expect(clippy::print_stdout, reason = "a command line program talks on standard output")]

use std::fs;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::{Parser, ValueEnum as _};
use confab_e2e::bench::{Scale, Subject, measure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

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
    println!("{}", surroundings()?);
    if cfg!(debug_assertions) {
        println!("This is a debug build: the figures say little. Use make bench.");
    }
    let (mut missed, mut failed) = (0, 0);
    let scale = Scale::new(arguments.quick)?;
    measure(subjects, &scale, |figure| match figure {
        Ok(figure) => {
            missed += usize::from(figure.missed_by().is_some());
            println!("{figure}");
        }
        Err(error) => {
            failed += 1;
            println!("{error:#}");
        }
    })
    .await;
    println!("{missed} goals missed, {failed} subjects not measured");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// As many files as this process may open: thousands of sockets need them, and the servers inherit the limit.
fn open_files() -> String {
    let limit = getrlimit(Resource::Nofile);
    // What is forbidden shows in the line that is printed.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.map_or("any number of".to_owned(), |most| most.to_string())
}

/// Milliseconds that a durable write takes where the servers keep their data.
fn sync_millis() -> Result<f64> {
    const WRITES: u32 = 50;
    let mut file = tempfile::tempfile()?;
    let began = Instant::now();
    for _ in 0..WRITES {
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
    }
    Ok((began.elapsed() / WRITES).as_secs_f64() * 1000.0)
}

/// What the figures depend on.
fn surroundings() -> Result<String> {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let (model, files, sync) = (model.replace("\t:", ""), open_files(), sync_millis()?);
    let folder = std::env::temp_dir();
    Ok(format!(
        "{cores} cores of{model}; {files} open files allowed (10,000 sockets need 10,100); \
         a durable write takes {sync:.2} ms in {}",
        folder.display()
    ))
}
