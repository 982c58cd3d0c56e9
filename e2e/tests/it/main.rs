//! Short runs of the whole: real processes, real faults, the checker's verdict.
//!
//! They need the programs of the workspace (`cargo build --workspace --bins`) and, for the sabotage,
//! `cargo build -p confab --features sabotage --bin confab-sabotaged`; `make test` builds both.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod faults;
mod sabotage;

use std::time::Duration;

use confab_e2e::driver::Load;
use confab_e2e::harness::{Layout, SiteOptions};
use confab_e2e::run::{Plan, Report};
use tokio::sync::{Mutex, MutexGuard};

/// A run of this length meets every kind of fault, and all of them together take about a minute.
const TIME: Duration = Duration::from_secs(20);

/// One run at a time: each brings its own servers and loads all cores.
async fn alone() -> MutexGuard<'static, ()> {
    static RUNNING: Mutex<()> = Mutex::const_new(());
    RUNNING.lock().await
}

fn plan(layout: Layout, seed: u64, options: SiteOptions) -> Plan {
    Plan { layout, seed, time: TIME, faults: true, load: Load::SMALL, options }
}

/// What went wrong, for people.
fn story(report: &Report) -> String {
    let problems: Vec<String> = report.problems.iter().take(20).map(ToString::to_string).collect();
    let (count, panics) = (report.problems.len(), report.panics.join("\n"));
    format!("{count} problems:\n{}\n{panics}\neverything lies in {:?}", problems.join("\n"), report.folder)
}
