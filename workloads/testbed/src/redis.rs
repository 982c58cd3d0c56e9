//! Redis servers without persistence: they carry hints.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::binary;
use crate::guardian::Guardian;
use crate::port::free_port;
use crate::process::{Process, Signal, eventually};

const PACKAGE: &str = "redis-server";
const DEADLINE: Duration = Duration::from_secs(30);

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
        let mut server = Self { guardian: Guardian::new("redis")?, port: free_port()?, process: None };
        server.start_again().await?;
        Ok(server)
    }

    /// Starts a stopped server on its old port, empty.
    pub async fn start_again(&mut self) -> Result<()> {
        let mut command = Command::new(binary::find("redis-server", PACKAGE)?);
        command.args(["--bind", "127.0.0.1", "--port", &self.port.to_string(), "--save", "", "--appendonly", "no"]);
        command.arg("--dir").arg(self.guardian.folder());
        let process = Process::spawn(command, &self.log())?;
        self.guardian.watch("redis", process.pid())?;
        self.process = Some(process);
        eventually("Redis answers", DEADLINE, || self.command(&["PING"]).is_ok()).await
    }

    /// Stops the server at once; what it held is gone.
    pub async fn stop(&mut self) -> Result<()> {
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
        self.process.as_ref().context("the server is stopped")?.signal(Signal::Stop)
    }

    /// Undoes [`Self::pause`].
    pub fn resume(&self) -> Result<()> {
        self.process.as_ref().context("the server is stopped")?.signal(Signal::Cont)
    }

    /// `redis://…`
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The server's log.
    pub fn log(&self) -> PathBuf {
        self.guardian.folder().join("redis.log")
    }

    fn command(&self, words: &[&str]) -> Result<()> {
        let mut command = Command::new(binary::find("redis-cli", "redis-tools")?);
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-e"]).args(words);
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !status.context("redis-cli cannot be started")?.success() {
            bail!("redis-cli {words:?} failed");
        }
        Ok(())
    }
}
