//! What a server is started with, from whichever command.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use confab_contract::config::section::{DrainConfig, HttpConfig};
use confab_groundwork::Database;

use super::data;
use crate::cli::{StoreArgs, TourArgs, UpArgs};

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Tenant files.
    pub files: Vec<PathBuf>,
    /// The public listener.
    pub http: HttpConfig,
    /// Probes and metrics.
    pub ops_listen: SocketAddr,
    /// Store, bus and master key.
    pub store: StoreArgs,
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
        Self { files: args.files, http, ops_listen: args.ops_listen, store: args.store, drain }
    }
}

impl Options {
    /// A server on free ports of the loopback interface, in a scratch folder.
    pub fn for_tour(args: TourArgs, scratch: &Path) -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let TourArgs { files, database_url, redis_url, master_key_file, .. } = args;
        Self {
            files,
            http: HttpConfig { listen: free, ..HttpConfig::default() },
            ops_listen: free,
            store: StoreArgs { data: scratch.join("data"), database_url, redis_url, master_key_file },
            drain: DrainConfig { deadline_seconds: 3, unready_millis: 0, reconnect_jitter_millis: 0 },
        }
    }

    /// Where the store is.
    pub fn database(&self) -> Database {
        match &self.store.database_url {
            Some(url) => Database::postgres(url),
            None => Database::sqlite(data::database_in(&self.store.data)),
        }
    }

    /// Where data lie, without any secret.
    pub fn store_in_words(&self) -> String {
        let StoreArgs { data, database_url, redis_url, master_key_file } = &self.store;
        let store = if database_url.is_some() { "Postgres".to_owned() } else { data.display().to_string() };
        let bus = if redis_url.is_some() { ", wake-ups through Redis" } else { "" };
        // Inside the data folder it goes without saying.
        let key = if database_url.is_some() || master_key_file.is_some() {
            format!(", master key {}", self.store.master_key().display())
        } else {
            String::new()
        };
        format!("{store}{bus}{key}")
    }
}
