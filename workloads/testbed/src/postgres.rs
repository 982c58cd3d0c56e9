//! Postgres servers, durable as in production.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::sync::OnceCell;

use crate::binary;
use crate::guardian::Guardian;
use crate::port::free_port;
use crate::process::{Process, Signal, eventually};

const PACKAGE: &str = "postgresql";
/// The superuser of our servers; connections from the loopback interface need no password.
const USER: &str = "confab";
/// Debian's account for Postgres, which refuses to run as root.
const UNPRIVILEGED: &str = "postgres";
const DEADLINE: Duration = Duration::from_secs(60);

/// The shared server of this test process.
///
/// # Panics
/// When it cannot be started: a test without its database has failed.
pub async fn postgres() -> &'static PostgresServer {
    static SHARED: OnceCell<PostgresServer> = OnceCell::const_new();
    SHARED
        .get_or_init(|| async {
            match PostgresServer::start().await {
                Ok(server) => server,
                Err(error) => panic!("no Postgres for tests: {error:#}"),
            }
        })
        .await
}

/// How a server is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopMode {
    /// Ends connections and shuts down in order.
    Fast,
    /// Drops everything; the next start recovers from the log.
    Immediate,
    /// SIGKILL; the next start recovers from the log.
    Kill,
}

/// A database of one test.
#[derive(Debug)]
pub struct Database {
    url: String,
}

impl Database {
    /// `postgres://…`
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// A Postgres server with its own folder and port. It ends with this value, or with the process.
#[derive(Debug)]
pub struct PostgresServer {
    guardian: Guardian,
    port: u16,
    process: Option<Process>,
    databases: AtomicU32,
}

impl PostgresServer {
    /// Makes a cluster of databases and starts a server on a free port.
    pub async fn start() -> Result<Self> {
        let guardian = Guardian::new("postgres")?;
        let folder = guardian.folder().to_owned();
        if runs_as_root() {
            run(Command::new("chown").arg(UNPRIVILEGED).arg(&folder))
                .with_context(|| format!("the user {UNPRIVILEGED} comes with the Debian package {PACKAGE}"))?;
        }
        let mut initdb = unprivileged(&binary::find("initdb", PACKAGE)?);
        initdb.arg("-D").arg(folder.join("data")).args(["-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C"]);
        initdb.arg("--no-sync").current_dir(&folder);
        run(&mut initdb)?;
        let mut server = Self { guardian, port: free_port()?, process: None, databases: AtomicU32::new(0) };
        server.start_again().await?;
        Ok(server)
    }

    /// Starts a stopped server on its old port, with its old data.
    pub async fn start_again(&mut self) -> Result<()> {
        let folder = self.guardian.folder().to_owned();
        // Left behind by SIGKILL; the server would wait for a process that is gone.
        let _ = fs::remove_file(folder.join("data/postmaster.pid"));
        let mut command = unprivileged(&binary::find("postgres", PACKAGE)?);
        command.arg("-D").arg(folder.join("data")).arg("-p").arg(self.port.to_string()).current_dir(&folder);
        for setting in [
            "listen_addresses=127.0.0.1",
            "max_connections=200",
            "shared_buffers=64MB",
            &format!("unix_socket_directories={}", folder.display()),
        ] {
            command.arg("-c").arg(setting);
        }
        let process = Process::spawn(command, &self.log())?;
        self.guardian.watch("postgres", process.pid())?;
        self.process = Some(process);
        let psql = binary::find("psql", PACKAGE)?;
        let port = self.port;
        let ready = eventually("Postgres answers", DEADLINE, || answers(&psql, port)).await;
        ready.with_context(|| fs::read_to_string(self.log()).unwrap_or_default())
    }

    /// Stops the server; its data stay.
    pub async fn stop(&mut self, mode: StopMode) -> Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        let signal = match mode {
            StopMode::Fast => Signal::Int,
            StopMode::Immediate => Signal::Quit,
            StopMode::Kill => Signal::Kill,
        };
        process.signal(signal)?;
        process.wait(DEADLINE).await?;
        self.guardian.forget("postgres");
        Ok(())
    }

    /// Freezes the main process; it takes no new connections. Those that exist go on.
    pub fn pause(&self) -> Result<()> {
        self.running()?.signal(Signal::Stop)
    }

    /// Undoes [`Self::pause`].
    pub fn resume(&self) -> Result<()> {
        self.running()?.signal(Signal::Cont)
    }

    /// A fresh, empty database.
    ///
    /// # Panics
    /// When it cannot be made: a test without its database has failed.
    pub async fn database(&self) -> Database {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        match self.create(&name).await {
            Ok(()) => Database { url: self.url(&name) },
            Err(error) => panic!("no database for a test: {error:#}"),
        }
    }

    /// Address of a database of this server.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// The server's log.
    pub fn log(&self) -> PathBuf {
        self.guardian.folder().join("postgres.log")
    }

    async fn create(&self, name: &str) -> Result<()> {
        let mut command = Command::new(binary::find("createdb", PACKAGE)?);
        command.args(["-h", "127.0.0.1", "-U", USER, "-p", &self.port.to_string(), name]);
        // Two tests that copy the template at the same moment hinder each other; createdb then fails and may be repeated.
        let mut last = None;
        for _ in 0..20 {
            match run(&mut command) {
                Ok(()) => return Ok(()),
                Err(error) => last = Some(error),
            }
            tokio::task::yield_now().await;
        }
        last.map_or(Ok(()), Err)
    }

    fn running(&self) -> Result<&Process> {
        self.process.as_ref().context("the server is stopped")
    }
}

fn answers(psql: &Path, port: u16) -> bool {
    let mut command = Command::new(psql);
    command.args(["-h", "127.0.0.1", "-U", USER, "-p", &port.to_string(), "-d", "postgres", "-c", "SELECT 1"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn runs_as_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// A command for the program, as an unprivileged user when we are root. `setpriv` replaces itself by the program, so
/// that the process id is the program's own.
fn unprivileged(program: &Path) -> Command {
    if !runs_as_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", UNPRIVILEGED, "--regid", UNPRIVILEGED, "--init-groups", "--"]).arg(program);
    command
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?} cannot be started"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
