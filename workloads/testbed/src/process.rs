//! Child processes that can be signalled, awaited and started again.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Pause between two looks at a condition.
const POLL: Duration = Duration::from_millis(10);
/// SIGKILL works at once; this is for a machine under load.
const KILL_DEADLINE: Duration = Duration::from_secs(20);

/// A signal by its name, as `kill -s` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ends at once.
    Kill,
    /// Asks to end.
    Term,
    /// Interrupts; Postgres calls it a fast shutdown.
    Int,
    /// Postgres calls it an immediate shutdown.
    Quit,
    /// Freezes.
    Stop,
    /// Goes on.
    Cont,
}

impl Signal {
    const fn name(self) -> &'static str {
        match self {
            Self::Kill => "KILL",
            Self::Term => "TERM",
            Self::Int => "INT",
            Self::Quit => "QUIT",
            Self::Stop => "STOP",
            Self::Cont => "CONT",
        }
    }
}

/// A running child process.
#[derive(Debug)]
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts a program in a process group of its own, so that Ctrl-C at the terminal does not reach it; both its output
    /// streams go to the file, behind what is there.
    pub fn spawn(mut command: Command, log: &Path) -> Result<Self> {
        let out = File::options().create(true).append(true).open(log);
        let out = out.with_context(|| format!("{} cannot be opened", log.display()))?;
        let err = out.try_clone().context("a file can be opened twice")?;
        command.stdin(Stdio::null()).stdout(out).stderr(err).process_group(0);
        let child = command.spawn().with_context(|| format!("{command:?} cannot be started"))?;
        Ok(Self { child })
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal; an error when the process is gone.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        if !send(signal, &[self.pid()])? {
            bail!("process {} is gone", self.pid());
        }
        Ok(())
    }

    /// Sends a signal to the process and its children, and says who they are. The process is frozen before its children
    /// are read, so that none is added meanwhile.
    pub fn signal_all(&self, signal: Signal) -> Result<Vec<u32>> {
        self.signal(Signal::Stop)?;
        let children = children(self.pid())?;
        self.signal(signal)?;
        // A child may have come to its own end.
        send(signal, &children)?;
        Ok(children)
    }

    /// Whether it has ended, and how.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().context("a child can be asked")
    }

    /// Waits until it has ended.
    pub async fn wait(&mut self, deadline: Duration) -> Result<ExitStatus> {
        let until = Instant::now() + deadline;
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            if Instant::now() > until {
                bail!("process {} did not end within {deadline:?}", self.pid());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Waits until the condition holds, or the process has ended: that, like the deadline, is an error, and the process is
    /// gone after it.
    pub async fn ready(&mut self, what: &str, deadline: Duration, mut holds: impl FnMut() -> bool) -> Result<()> {
        let mut ended = None;
        let waited = eventually(what, deadline, || {
            ended = self.ended().ok().flatten();
            ended.is_some() || holds()
        });
        let waited = waited.await;
        if let Some(status) = ended {
            bail!("{what}: the process ended with {status}");
        }
        if waited.is_err() {
            self.kill().await?;
        }
        waited
    }

    /// Ends it and its children at once, and returns when all are gone.
    pub async fn kill(&mut self) -> Result<()> {
        // It may have ended already.
        let children = self.signal_all(Signal::Kill).unwrap_or_default();
        self.wait(KILL_DEADLINE).await?;
        eventually("the children end", KILL_DEADLINE, || children.iter().all(|pid| is_gone(*pid))).await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its guardian has killed it; this reaps it.
        let _ = self.child.try_wait();
    }
}

/// Sends a signal by the shell's own `kill`, since the program of that name is not on every machine. Whether all took it.
fn send(signal: Signal, pids: &[u32]) -> Result<bool> {
    if pids.is_empty() {
        return Ok(true);
    }
    let mut command = Command::new("sh");
    command.args(["-c", r#"kill -s "$0" "$@""#, signal.name()]).args(pids.iter().map(u32::to_string));
    let status = command.stdin(Stdio::null()).stderr(Stdio::null()).status().context("sh cannot be started")?;
    Ok(status.success())
}

fn children(pid: u32) -> Result<Vec<u32>> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).context("the process is gone")?;
    // A thread that ends meanwhile has no children any more.
    let lists = threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    Ok(lists
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>())
        .collect())
}

/// Whether the process has ended; who has not yet been reaped by its parent has ended too.
fn is_gone(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
}

/// Waits until the condition holds.
pub async fn eventually(what: &str, deadline: Duration, mut holds: impl FnMut() -> bool) -> Result<()> {
    let until = Instant::now() + deadline;
    while !holds() {
        if Instant::now() > until {
            bail!("{what}: not within {deadline:?}");
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}
