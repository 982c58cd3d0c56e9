//! Redis servers without persistence: they carry hints.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::account::{Account, run};
use crate::binary;
use crate::guardian::Guardian;
use crate::port::free_port;
use crate::process::{Process, Signal};

const ACCOUNT: Account = Account { user: "redis", package: "redis-server" };
const DEADLINE: Duration = Duration::from_secs(30);
/// Another process may take a free port before the server does.
const ATTEMPTS: usize = 3;

/// A Redis server with its own folder and port. It ends with this value, or with the process.
#[derive(Debug)]
pub struct RedisServer {
    guardian: Guardian,
    port: u16,
    process: Option<Process>,
}

impl RedisServer {
    /// Starts a server on a free port.
    pub async fn start() -> Result<Self> {
        let guardian = Guardian::new("redis")?;
        ACCOUNT.take(guardian.folder())?;
        let mut server = Self { guardian, port: 0, process: None };
        let mut outcome = Ok(());
        for _ in 0..ATTEMPTS {
            server.port = free_port()?;
            outcome = server.start_again().await;
            if outcome.is_ok() {
                break;
            }
        }
        outcome.map(|()| server)
    }

    /// Starts a stopped server on its old port, empty.
    pub async fn start_again(&mut self) -> Result<()> {
        if self.process.is_some() {
            bail!("the server is running");
        }
        let folder = self.guardian.folder();
        let mut command = ACCOUNT.command(&binary::find("redis-server", ACCOUNT.package)?);
        command.args(["--bind", "127.0.0.1", "--port", &self.port.to_string(), "--save", "", "--appendonly", "no"]);
        command.arg("--dir").arg(folder).arg("--unixsocket").arg(self.socket());
        let mut process = Process::spawn(command, &self.log())?;
        self.guardian.watch("redis", process.pid())?;
        let ready = process.ready("Redis answers", DEADLINE, || self.command(&["PING"]).is_ok()).await;
        ready.with_context(|| fs::read_to_string(self.log()).unwrap_or_default())?;
        self.process = Some(process);
        Ok(())
    }

    /// Stops the server in order; what it held is gone.
    pub async fn stop(&mut self) -> Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        // A frozen server takes the signal when it goes on.
        process.signal(Signal::Term)?;
        process.signal(Signal::Cont)?;
        process.wait(DEADLINE).await?;
        self.guardian.forget("redis");
        Ok(())
    }

    /// Ends the server with SIGKILL; what it held is gone.
    pub async fn kill9(&mut self) -> Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        process.kill().await?;
        self.guardian.forget("redis");
        Ok(())
    }

    /// Forgets every key.
    pub fn flush_all(&self) -> Result<()> {
        self.command(&["FLUSHALL"])
    }

    /// Freezes the server: connections stay open and nothing answers.
    pub fn pause(&self) -> Result<()> {
        self.running()?.signal(Signal::Stop)
    }

    /// Undoes [`Self::pause`].
    pub fn resume(&self) -> Result<()> {
        self.running()?.signal(Signal::Cont)
    }

    /// `redis://…`
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The server's log.
    pub fn log(&self) -> PathBuf {
        self.guardian.folder().join("redis.log")
    }

    fn running(&self) -> Result<&Process> {
        self.process.as_ref().context("the server is stopped")
    }

    /// In the server's own folder: whoever answers there is this server and no other.
    fn socket(&self) -> PathBuf {
        self.guardian.folder().join("redis.sock")
    }

    fn command(&self, words: &[&str]) -> Result<()> {
        let mut command = Command::new(binary::find("redis-cli", "redis-tools")?);
        command.arg("-s").arg(self.socket()).arg("-e").args(words).stdin(Stdio::null());
        run(&mut command)
    }
}
