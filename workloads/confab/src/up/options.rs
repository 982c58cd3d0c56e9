//! What a server is started with, from whichever command.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Result;
use confab_contract::config::section::{DrainConfig, HttpConfig};
use confab_store::StoreOptions;
use secrecy::SecretString;

use super::source_of;
use crate::cli::{TourArgs, UpArgs};

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Tenant files.
    pub files: Vec<PathBuf>,
    /// The public listener.
    pub http: HttpConfig,
    /// Probes and metrics.
    pub ops_listen: SocketAddr,
    /// The data folder.
    pub data: PathBuf,
    /// Postgres instead of SQLite.
    pub database_url: Option<SecretString>,
    /// Wake-ups between processes.
    pub redis_url: Option<SecretString>,
    /// Leaving after SIGTERM.
    pub drain: DrainConfig,
}

impl From<UpArgs> for Options {
    fn from(args: UpArgs) -> Self {
        let http = HttpConfig { listen: args.listen, trusted_proxies: args.trusted_proxies, ..HttpConfig::default() };
        // Nobody looks at the readiness of a laptop; a server behind a balancer gives it longer.
        let drain = DrainConfig {
            deadline_seconds: args.drain_seconds.max(1),
            unready_millis: 0,
            reconnect_jitter_millis: 1000,
        };
        Self {
            files: args.files,
            http,
            ops_listen: args.ops_listen,
            data: args.store.data,
            database_url: args.store.database_url,
            redis_url: args.store.redis_url,
            drain,
        }
    }
}

impl Options {
    /// A server on free ports of the loopback interface, in a scratch folder.
    pub fn for_tour(args: TourArgs, scratch: &Path) -> Result<Self> {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Ok(Self {
            files: args.files,
            http: HttpConfig { listen: free, ..HttpConfig::default() },
            ops_listen: free,
            data: scratch.join("data"),
            database_url: args.database_url,
            redis_url: args.redis_url,
            drain: DrainConfig { deadline_seconds: 3, unready_millis: 0, reconnect_jitter_millis: 0 },
        })
    }

    /// Where the store is.
    pub fn store_options(&self, sqlite_file: PathBuf) -> StoreOptions {
        source_of(self.database_url.as_ref(), sqlite_file)
    }

    /// Where data lie, without any secret.
    pub fn store_in_words(&self) -> String {
        let store = if self.database_url.is_some() { "Postgres" } else { "SQLite" };
        let bus = if self.redis_url.is_some() { ", wake-ups through Redis" } else { "" };
        format!("{store}{bus}; keys and files under {}", self.data.display())
    }
}
