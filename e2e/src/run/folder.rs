//! Where a run leaves its traces: server logs while it plays, everything else when something is wrong.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use anyhow::{Context as _, Result};

use super::Plan;
use crate::checker::{self, Problem};
use crate::driver::Load;
use crate::faults::Injected;
use crate::harness::{self, Layout};
use crate::record::{Evidence, read_evidence, write_evidence};

/// A folder that goes away with a good run and stays with a bad one.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    is_good: AtomicBool,
}

impl RunFolder {
    /// A new folder beside the programs of this profile.
    pub fn create(plan: &Plan) -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let layout = name_of(plan.layout);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{layout}-seed{}-{}-{number}", plan.seed, process::id());
        let path = harness::programs()?.join("e2e-runs").join(name);
        fs::create_dir_all(&path).with_context(|| format!("{} cannot be made", path.display()))?;
        Ok(Self { path, is_good: AtomicBool::new(false) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A round begins on the same site; until its verdict everything may be needed.
    pub(super) fn begin_round(&self) {
        self.is_good.store(false, Ordering::Relaxed);
    }

    /// The run was good: nothing needs to stay.
    pub fn discard(&self) {
        self.is_good.store(true, Ordering::Relaxed);
    }

    /// Lines of the logs that tell of a panic.
    pub(super) fn panics(&self) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.path).into_iter().flatten().flatten() {
            let text = fs::read_to_string(entry.path()).unwrap_or_default();
            let tells = |line: &&str| line.contains("panicked at");
            found.extend(text.lines().filter(tells).map(|line| format!("{}: {line}", entry.file_name().display())));
        }
        found
    }

    /// Writes down all there is.
    pub(super) fn keep(
        &self,
        plan: &Plan,
        evidence: &Evidence,
        verdict: &[String],
        faults: &[Injected],
        logs: &[PathBuf],
    ) -> Result<()> {
        self.is_good.store(false, Ordering::Relaxed);
        write_evidence(&self.path, evidence)?;
        for log in logs {
            if let Some(name) = log.file_name() {
                // A server that never wrote a line has no log.
                let _ = fs::copy(log, self.path.join(name));
            }
        }
        let mut text = replay(plan);
        for line in verdict {
            let _ = writeln!(text, "{line}");
        }
        let _ = writeln!(text, "\nFaults:");
        for fault in faults {
            let _ = writeln!(text, "{}", serde_json::to_string(fault)?);
        }
        fs::write(self.path.join("verdict.txt"), text).context("the verdict cannot be written")
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if self.is_good.load(Ordering::Relaxed) {
            // What cannot be removed does no harm.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// How to play a run again. The plans and faults are the same; what they meet in time is not.
pub(super) fn replay(plan: &Plan) -> String {
    let (layout, seed, seconds) = (name_of(plan.layout), plan.seed, plan.time.as_secs());
    let Load { senders, guests, groups, devices, pause_millis } = plan.load;
    format!(
        "seed {seed}, layout {layout}, {seconds} s of load, faults {}\n\
         play it again:  confab-soak --layout {layout} --seed {seed} --round-seconds {seconds} --senders {senders} \
         --guests {guests} --groups {groups} --devices {devices} --pause {pause_millis}\n\
         check again:    confab-soak --recheck <this folder>\n\n",
        plan.faults
    )
}

/// Judges again what a run left in a folder.
pub fn recheck(folder: &Path) -> Result<Vec<Problem>> {
    Ok(checker::check(&read_evidence(folder)?))
}

fn name_of(layout: Layout) -> &'static str {
    match layout {
        Layout::Laptop => "laptop",
        Layout::Cluster => "cluster",
    }
}
