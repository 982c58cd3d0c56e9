//! The programs of a node, and what keeps them running.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use confab_testbed::process::Process;

use super::host;
use super::plan::Plan;

/// A program that ends is started again no sooner than this after its last start.
const PAUSE: Duration = Duration::from_secs(1);

/// A program and how to call it.
#[derive(Debug, Clone)]
pub struct Component {
    /// Its name, also of its log.
    pub name: &'static str,
    /// Where it lies.
    pub program: PathBuf,
    /// How it is called.
    pub arguments: Vec<String>,
    /// Variables beside ours.
    pub variables: Vec<(&'static str, String)>,
}

/// A program that was started.
#[derive(Debug)]
struct Running {
    component: Component,
    process: Process,
    since: Instant,
}

/// Everything that was started.
#[derive(Debug)]
pub struct Supervisor {
    plan: Plan,
    running: Vec<Running>,
}

impl Supervisor {
    /// Of a node where nothing runs yet.
    pub const fn new(plan: Plan) -> Self {
        Self { plan, running: Vec::new() }
    }

    /// Starts a program in the node's folder.
    pub fn start(&mut self, component: Component) -> Result<()> {
        let process = spawn(&self.plan, &component)?;
        self.running.push(Running { component, process, since: Instant::now() });
        Ok(())
    }

    /// An error when one has ended: so early that would be of no use to start it again.
    pub fn all_run(&mut self) -> Result<()> {
        for running in &mut self.running {
            if let Some(status) = running.process.ended()? {
                let name = running.component.name;
                bail!("{name} ended with {status}:\n{}", tail(&self.plan, name));
            }
        }
        Ok(())
    }

    /// Starts again what has ended.
    pub fn revive(&mut self) -> Result<()> {
        for running in &mut self.running {
            if running.since.elapsed() > PAUSE && running.process.ended()?.is_some() {
                running.process = spawn(&self.plan, &running.component)?;
                running.since = Instant::now();
            }
        }
        Ok(())
    }
}

fn spawn(plan: &Plan, component: &Component) -> Result<Process> {
    let mut command = Command::new(&component.program);
    command.args(&component.arguments).current_dir(plan.folder()).env("PATH", host::path()?);
    command.envs(component.variables.iter().map(|(name, value)| (name, value)));
    Process::spawn(command, &plan.log(component.name))
}

/// The last lines of a log.
pub fn tail(plan: &Plan, name: &str) -> String {
    let text = fs::read_to_string(plan.log(name)).context("no log").unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
