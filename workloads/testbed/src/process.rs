//! Child processes that can be signalled, awaited and started again.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Pause between two looks at a condition.
const POLL: Duration = Duration::from_millis(10);

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
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", signal.name(), &pid]).stderr(Stdio::null()).status();
        if !status.context("kill cannot be started")?.success() {
            bail!("process {pid} is gone");
        }
        Ok(())
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

    /// Ends it at once and reaps it.
    pub async fn kill(&mut self) -> Result<()> {
        // It may have ended already.
        let _ = self.signal(Signal::Kill);
        self.wait(Duration::from_secs(10)).await.map(|_| ())
    }
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
