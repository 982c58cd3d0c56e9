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

/// One run at a time: each brings its own servers and loads all cores.
async fn alone() -> MutexGuard<'static, ()> {
    static RUNNING: Mutex<()> = Mutex::const_new(());
    RUNNING.lock().await
}

/// A run with faults. It lasts longer than this if not every kind has come.
fn plan(layout: Layout, seed: u64) -> Plan {
    let seconds = match layout {
        Layout::Laptop => 12,
        Layout::Cluster => 20,
    };
    let time = Duration::from_secs(seconds);
    Plan { layout, seed, time, faults: true, load: Load::SMALL, options: SiteOptions::default() }
}

/// What went wrong, for people.
fn story(report: &Report) -> String {
    let problems: Vec<String> = report.problems.iter().take(20).map(ToString::to_string).collect();
    let (count, panics, lacks) = (report.problems.len(), report.panics.join("\n"), report.lacks.join("\n"));
    format!("{count} problems:\n{}\n{panics}\n{lacks}\neverything lies in {:?}", problems.join("\n"), report.folder)
}
