//! Postgres servers, durable as in production.

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::sync::OnceCell;

use crate::account::{Account, run};
use crate::binary;
use crate::guardian::Guardian;
use crate::port::free_port;
use crate::process::{Process, Signal};

const ACCOUNT: Account = Account { user: "postgres", package: "postgresql" };
/// The superuser of our servers.
const USER: &str = "confab";
const DEADLINE: Duration = Duration::from_mins(1);
/// Another process may take a free port before the server does.
const ATTEMPTS: usize = 3;
/// The durable settings are Postgres's own defaults; they are spelled out since our promises rest on them.
/// Shared memory lies in the data folder, so that it goes away with it.
const SETTINGS: [&str; 7] = [
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "listen_addresses=127.0.0.1",
    "max_connections=200",
    "shared_buffers=64MB",
    "dynamic_shared_memory_type=mmap",
];

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
    /// SIGKILL to every process of the server at once; the next start recovers from the log.
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
    password: String,
    settings: Vec<String>,
    process: Option<Process>,
    databases: AtomicU32,
}

impl PostgresServer {
    /// Makes a cluster of databases and starts a server on a free port.
    pub async fn start() -> Result<Self> {
        Self::start_with(&[]).await
    }

    /// The same with settings that replace ours, such as `fsync=off`.
    pub async fn start_with(settings: &[&str]) -> Result<Self> {
        let settings = SETTINGS.iter().chain(settings).map(|setting| (*setting).to_owned()).collect();
        let guardian = Guardian::new("postgres")?;
        ACCOUNT.take(guardian.folder())?;
        let password = random_password()?;
        let mut server = Self { guardian, port: 0, password, settings, process: None, databases: AtomicU32::new(0) };
        server.make_cluster()?;
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

    /// Starts a stopped server on its old port, with its old data.
    pub async fn start_again(&mut self) -> Result<()> {
        if self.process.is_some() {
            bail!("the server is running");
        }
        let folder = self.guardian.folder();
        let mut command = ACCOUNT.command(&binary::find("postgres", ACCOUNT.package)?);
        command.arg("-D").arg(folder.join("data")).arg("-p").arg(self.port.to_string()).arg("-k").arg(folder);
        command.args(self.settings.iter().flat_map(|setting| ["-c", setting])).current_dir(folder);
        let mut process = Process::spawn(command, &self.log())?;
        self.guardian.watch("postgres", process.pid())?;
        let ready = process.ready("Postgres answers", DEADLINE, || self.execute("SELECT 1").is_ok()).await;
        ready.with_context(|| fs::read_to_string(self.log()).unwrap_or_default())?;
        self.process = Some(process);
        Ok(())
    }

    /// Stops the server; its data stay.
    pub async fn stop(&mut self, mode: StopMode) -> Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        if mode == StopMode::Kill {
            process.kill().await?;
        } else {
            // A frozen server would not hear it.
            process.signal_all(Signal::Cont)?;
            process.signal(if mode == StopMode::Fast { Signal::Int } else { Signal::Quit })?;
            process.wait(DEADLINE).await?;
        }
        self.guardian.forget("postgres");
        Ok(())
    }

    /// [`Self::stop`] with [`StopMode::Kill`].
    pub async fn kill9(&mut self) -> Result<()> {
        self.stop(StopMode::Kill).await
    }

    /// Freezes every process of the server: connections stay open and nothing answers.
    pub fn pause(&self) -> Result<()> {
        self.running()?.signal_all(Signal::Stop).map(|_| ())
    }

    /// Undoes [`Self::pause`].
    pub fn resume(&self) -> Result<()> {
        self.running()?.signal_all(Signal::Cont).map(|_| ())
    }

    /// A fresh, empty database.
    ///
    /// # Panics
    /// When it cannot be made: a test without its database has failed.
    pub async fn database(&self) -> Database {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        // Nobody can be connected to template0, so that tests which copy it at the same moment do not hinder each other.
        let mut command = match self.psql(&format!("CREATE DATABASE {name} TEMPLATE template0")) {
            Ok(command) => command,
            Err(error) => panic!("no database for a test: {error:#}"),
        };
        match tokio::task::spawn_blocking(move || run(&mut command)).await {
            Ok(Ok(())) => Database { url: self.url(&name) },
            Ok(Err(error)) => panic!("no database for a test: {error:#}"),
            Err(error) => panic!("no database for a test: {error}"),
        }
    }

    /// Address of a database of this server.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// Runs one statement as superuser.
    pub fn execute(&self, statement: &str) -> Result<()> {
        run(&mut self.psql(statement)?)
    }

    /// The server's log.
    pub fn log(&self) -> PathBuf {
        self.guardian.folder().join("postgres.log")
    }

    /// The socket in our own folder asks for no password; only the owner of the folder gets there. TCP does ask: a
    /// superuser runs programs, and everyone on this machine reaches the port. The plain method, since the
    /// other costs each new connection of a debug build tens of milliseconds.
    fn make_cluster(&self) -> Result<()> {
        let folder = self.guardian.folder();
        let password = folder.join("password");
        fs::write(&password, &self.password).context("the scratch folder cannot be written")?;
        ACCOUNT.take(&password)?;
        let mut initdb = ACCOUNT.command(&binary::find("initdb", ACCOUNT.package)?);
        initdb.arg("-D").arg(folder.join("data")).args(["-U", USER, "-E", "UTF8", "--locale=C", "--no-sync"]);
        initdb.args(["--auth-local=trust", "--auth-host=password"]).arg("--pwfile").arg(password);
        run(initdb.current_dir(folder))
    }

    /// Over the socket in our own folder: whoever answers there is this server and no other.
    fn psql(&self, statement: &str) -> Result<Command> {
        let mut command = Command::new(binary::find("psql", "postgresql-client")?);
        command.arg("-h").arg(self.guardian.folder()).arg("-p").arg(self.port.to_string());
        command.args(["-X", "-q", "-U", USER, "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-c", statement]);
        Ok(command)
    }

    fn running(&self) -> Result<&Process> {
        self.process.as_ref().context("the server is stopped")
    }
}

fn random_password() -> Result<String> {
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes)).context("no random bytes")?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}
