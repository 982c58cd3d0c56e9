//! One process of ours.

use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use confab_testbed::guardian::Guardian;
use confab_testbed::process::{Process, Signal};

use super::probe;

/// Longest wait for a server to be ready.
const READY: Duration = Duration::from_secs(30);
/// Longest wait for a process to end.
const END: Duration = Duration::from_secs(40);
const POLL: Duration = Duration::from_millis(5);
/// Linux counts processor time in hundredths of a second, whatever the machine (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// A server that can be killed, frozen and started again on the same addresses.
#[derive(Debug)]
pub struct Server {
    name: String,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(String, String)>,
    /// Address of its probes.
    ops: SocketAddr,
    log: PathBuf,
    guardian: Arc<Guardian>,
    process: Option<Process>,
}

/// What a process has used.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Processor time since its start.
    pub cpu: Duration,
    /// Memory that it holds now, in bytes.
    pub rss: u64,
}

impl Server {
    /// A server that is not started yet. Its log goes to `<name>.log` in a folder.
    pub fn new(
        name: &str,
        program: PathBuf,
        arguments: Vec<OsString>,
        ops: SocketAddr,
        logs: &Path,
        guardian: Arc<Guardian>,
    ) -> Self {
        let log = logs.join(format!("{name}.log"));
        let environment = Vec::new();
        Self { name: name.to_owned(), program, arguments, environment, ops, log, guardian, process: None }
    }

    /// Sets a variable for the next start.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Its name in logs and problems.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Starts it and waits until it is ready; says how long that took.
    pub async fn start(&mut self) -> Result<Duration> {
        let begin = Instant::now();
        self.spawn()?;
        self.wait_ready().await?;
        Ok(begin.elapsed())
    }

    /// Starts it and does not wait.
    pub fn spawn(&mut self) -> Result<()> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(self.environment.iter().cloned());
        let process = Process::spawn(command, &self.log)?;
        self.guardian.watch(&self.name, process.pid())?;
        self.process = Some(process);
        Ok(())
    }

    /// Waits until `/readyz` says so.
    pub async fn wait_ready(&mut self) -> Result<()> {
        let until = Instant::now() + READY;
        while probe::status(self.ops, "/readyz").await != Some(200) {
            let process = self.process.as_mut().with_context(|| format!("{} was not started", self.name))?;
            if let Some(status) = process.ended()? {
                bail!("{} ended with {status}: {}", self.name, tail(&self.log));
            }
            if Instant::now() > until {
                let answer = probe::status(self.ops, "/readyz").await;
                let state = self.process_state();
                bail!("{} is not ready after {READY:?} (/readyz {answer:?}, {state}): {}", self.name, tail(&self.log));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// kill -9, and waits for the end.
    pub async fn kill(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill().await?;
            self.guardian.forget(&self.name);
        }
        Ok(())
    }

    /// SIGTERM, and waits for the end; says how long the drain took.
    pub async fn terminate(&mut self) -> Result<Duration> {
        let begin = Instant::now();
        if let Some(mut process) = self.process.take() {
            process.signal(Signal::Term)?;
            process.wait(END).await?;
            self.guardian.forget(&self.name);
        }
        Ok(begin.elapsed())
    }

    /// Freezes it.
    pub fn pause(&self) -> Result<()> {
        self.running()?.signal(Signal::Stop)
    }

    /// Undoes [`Self::pause`].
    pub fn resume(&self) -> Result<()> {
        self.running()?.signal(Signal::Cont)
    }

    /// What it has used so far.
    pub fn usage(&self) -> Result<Usage> {
        usage(self.running()?.pid())
    }

    /// Its log so far.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// What the kernel says of it, for problems.
    fn process_state(&self) -> String {
        let pid = self.process.as_ref().map_or(0, Process::pid);
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.lines().find(|line| line.starts_with("State:")).unwrap_or("no such process").to_owned()
    }

    fn running(&self) -> Result<&Process> {
        self.process.as_ref().with_context(|| format!("{} does not run", self.name))
    }
}

impl Usage {
    /// What this very process has used.
    pub fn own() -> Result<Self> {
        usage(std::process::id())
    }
}

fn usage(pid: u32) -> Result<Usage> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("no such process")?;
    // The name in parentheses may hold spaces; what follows it does not.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<u32>().ok()).unwrap_or_default();
    // Fields 14 and 15 of proc_pid_stat(5), counted from after the name.
    let cpu = TICK * (ticks(11) + ticks(12));
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("no such process")?;
    let rss = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()));
    Ok(Usage { cpu, rss: rss.unwrap_or_default() * 1024 })
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
