//! A whole installation.

use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use confab_contract::admin::token::OperatorKey;
use confab_contract::config::Secret;
use confab_contract::config::admin::{AdminConfig, TenantSource};
use confab_contract::config::messaging::MessagingConfig;
use confab_contract::config::presence::{PresenceConfig, SocketConfig};
use confab_contract::config::section::{BusConfig, DatabaseConfig, DrainConfig, HttpConfig, OpsConfig};
use confab_testbed::guardian::Guardian;
use confab_testbed::{PostgresServer, RedisServer};
use serde::{Deserialize, Serialize};

use super::binary::{self, Build};
use super::server::{Server, Usage};
use super::{port, tenant};

/// How many of each process a cluster has.
const REPLICAS: usize = 2;

/// The two forms in which a run plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// One `confab up` on SQLite.
    Laptop,
    /// Two messaging and two presence processes on Postgres and Redis.
    Cluster,
}

/// Where `confab up` keeps its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// In its data folder.
    Sqlite,
    /// In a Postgres server of its own.
    Postgres,
}

impl Engine {
    /// As people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "Postgres",
        }
    }
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// REST and WebSocket in one.
    All,
    /// REST.
    Messaging,
    /// WebSocket.
    Presence,
}

/// How to start an installation.
#[derive(Debug, Clone, Default)]
pub struct SiteOptions {
    /// Which build of `confab up`.
    pub build: Build,
    /// Variables for every process.
    pub environment: Vec<(String, String)>,
}

impl SiteOptions {
    /// The build with built-in faults, with one of them switched on.
    pub fn sabotaged(fault: &str) -> Self {
        let environment = vec![("CONFAB_SABOTAGE".to_owned(), fault.to_owned())];
        Self { build: Build::Sabotaged, environment }
    }
}

/// A running installation. All of it ends with this value, or with this process, however that ends.
#[derive(Debug)]
pub struct Site {
    /// Its processes.
    pub servers: Vec<(Role, Server)>,
    /// Addresses of the REST API.
    pub messaging: Vec<SocketAddr>,
    /// Addresses of the WebSocket.
    pub presence: Vec<SocketAddr>,
    /// Addresses at which an operator is heard.
    pub admin: Vec<SocketAddr>,
    /// Its database server, unless SQLite.
    pub postgres: Option<PostgresServer>,
    /// Its bus, if there is more than one process.
    pub redis: Option<RedisServer>,
}

impl Site {
    /// Starts an installation; logs go to a folder that outlives it.
    pub async fn start(layout: Layout, options: &SiteOptions, logs: &Path) -> Result<Self> {
        match layout {
            Layout::Laptop => Self::laptop(Engine::Sqlite, options, logs).await,
            Layout::Cluster => Self::cluster(options, logs).await,
        }
    }

    /// One `confab up`.
    pub async fn laptop(engine: Engine, options: &SiteOptions, logs: &Path) -> Result<Self> {
        let guardian = Arc::new(Guardian::new("e2e")?);
        let folder = guardian.folder().to_owned();
        let (api, ops) = (port::reserve()?, port::reserve()?);
        let file = tenant::write_resource(&folder)?;
        let mut arguments: Vec<OsString> = vec!["up".into(), "-f".into(), file.into()];
        arguments.extend(["--data".into(), folder.join("data").into()]);
        arguments.extend(["--listen".into(), api.to_string().into(), "--ops-listen".into(), ops.to_string().into()]);
        let postgres = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(PostgresServer::start().await?),
        };
        if let Some(postgres) = &postgres {
            arguments.extend(["--database-url".into(), postgres.database().await.url().into()]);
        }
        let mut server = Server::new("up", options.build.confab()?, arguments, ops, logs, guardian);
        for (name, value) in &options.environment {
            server = server.with_variable(name, value);
        }
        server.start().await?;
        Ok(Self {
            servers: vec![(Role::All, server)],
            messaging: vec![api],
            presence: vec![api],
            admin: Vec::new(),
            postgres,
            redis: None,
        })
    }

    /// Two messaging and two presence processes.
    pub async fn cluster(options: &SiteOptions, logs: &Path) -> Result<Self> {
        Self::of_processes(None, options, logs).await
    }

    /// The same, which learn their tenants from an operator with this key. They serve nobody yet.
    pub async fn cell(key: &OperatorKey, options: &SiteOptions, logs: &Path) -> Result<Self> {
        Self::of_processes(Some(key), options, logs).await
    }

    async fn of_processes(key: Option<&OperatorKey>, options: &SiteOptions, logs: &Path) -> Result<Self> {
        let guardian = Arc::new(Guardian::new("e2e")?);
        let (postgres, redis) = (PostgresServer::start().await?, RedisServer::start().await?);
        let database = postgres.database().await;
        let shared = Shared {
            database: DatabaseConfig { url: Some(Secret::new(database.url())), ..DatabaseConfig::default() },
            bus: BusConfig { redis_url: Some(Secret::new(redis.url())), redis_url_file: None },
            master_key_file: tenant::write_master_key(guardian.folder())?,
            operator_key: key.map(OperatorKey::public_key),
        };
        let mut site = Self {
            servers: Vec::new(),
            messaging: Vec::new(),
            presence: Vec::new(),
            admin: Vec::new(),
            postgres: Some(postgres),
            redis: Some(redis),
        };
        for (role, program) in [(Role::Messaging, "confab-messaging"), (Role::Presence, "confab-presence")] {
            let path = binary::find(program, "cargo build --workspace --bins")?;
            for number in 1..=REPLICAS {
                let (api, ops) = (port::reserve()?, port::reserve()?);
                let name = format!("{}-{number}", program.trim_start_matches("confab-"));
                let admin = port::reserve()?;
                let config = shared.config_of(role, api, ops, admin)?;
                let file = guardian.folder().join(format!("{name}.yaml"));
                fs::write(&file, config).with_context(|| format!("{} cannot be written", file.display()))?;
                let arguments = vec!["--config".into(), file.into()];
                let mut server = Server::new(&name, path.clone(), arguments, ops, logs, Arc::clone(&guardian));
                for (name, value) in &options.environment {
                    server = server.with_variable(name, value);
                }
                server.start().await?;
                site.servers.push((role, server));
                match role {
                    Role::Messaging => {
                        site.messaging.push(api);
                        site.admin.push(admin);
                    }
                    Role::Presence | Role::All => site.presence.push(api),
                }
            }
        }
        Ok(site)
    }

    /// Waits until every process is ready.
    pub async fn wait_ready(&mut self) -> Result<()> {
        for (_, server) in &mut self.servers {
            server.wait_ready().await?;
        }
        Ok(())
    }

    /// What all of our processes have used together.
    pub fn usage(&self) -> Result<Usage> {
        let mut all = Usage::default();
        for (_, server) in &self.servers {
            let usage = server.usage()?;
            all.rss += usage.rss;
            all.cpu += usage.cpu;
        }
        Ok(all)
    }

    /// Logs of servers that are not ours.
    pub fn other_logs(&self) -> Vec<PathBuf> {
        let postgres = self.postgres.as_ref().map(PostgresServer::log);
        let redis = self.redis.as_ref().map(RedisServer::log);
        postgres.into_iter().chain(redis).collect()
    }
}

/// What all processes of a cluster have in common.
struct Shared {
    database: DatabaseConfig,
    bus: BusConfig,
    master_key_file: PathBuf,
    /// Where tenants come from an operator, the public half of its key.
    operator_key: Option<String>,
}

impl Shared {
    fn config_of(&self, role: Role, api: SocketAddr, ops: SocketAddr, admin: SocketAddr) -> Result<String> {
        let http = HttpConfig { listen: api, ..HttpConfig::default() };
        let ops = OpsConfig { listen: ops };
        // Short, so that a run sees many drains.
        let drain = DrainConfig { deadline_seconds: 10, unready_millis: 200, reconnect_jitter_millis: 500 };
        let (tenant_source, tenants) = match &self.operator_key {
            None => (TenantSource::Config, vec![tenant::config()?]),
            Some(_) => (TenantSource::Store, Vec::new()),
        };
        let admin = match &self.operator_key {
            None => None,
            Some(key) => Some(AdminConfig { listen: admin, ..AdminConfig::new(tenant::host()?, vec![key.clone()]) }),
        };
        let text = if role == Role::Messaging {
            yaml_serde::to_string(&MessagingConfig {
                http,
                ops,
                drain,
                database: self.database.clone(),
                bus: self.bus.clone(),
                master_key_file: self.master_key_file.clone(),
                tenant_source,
                admin,
                tenants,
                ..MessagingConfig::default()
            })
        } else {
            yaml_serde::to_string(&PresenceConfig {
                http,
                ops,
                drain,
                database: self.database.clone(),
                bus: self.bus.clone(),
                master_key_file: self.master_key_file.clone(),
                sockets: SocketConfig { heartbeat_seconds: 5, silence_seconds: 15, ..SocketConfig::default() },
                tenant_source,
                tenants,
                ..PresenceConfig::default()
            })
        };
        text.context("a Config can be written")
    }
}
