//! What the ground is laid from.

use std::error::Error;

use confab_chassis::config::{ConfigError, secret_of};
use confab_chassis::redis_link::InvalidRedisUrl;
use confab_chassis::seal::{MasterKey, SealError};
use confab_contract::config::section::{BusConfig, DatabaseConfig};
use confab_contract::config::tenant::TenantConfig;
use confab_identity::KeyError;
use confab_store::{Source, StoreError, StoreOptions};
use secrecy::SecretString;

/// What the ground is laid from.
#[derive(Debug)]
pub struct Settings {
    /// Where the store is.
    pub store: StoreOptions,
    /// Where Redis is, if other processes are to hear of what happens here.
    pub redis_url: Option<SecretString>,
    /// Seals and opens secrets.
    pub master_key: MasterKey,
    /// Whom the process serves.
    pub tenants: Vec<TenantConfig>,
}

impl Settings {
    /// From the sections that the Configs of all services share.
    pub fn from_config(
        database: &DatabaseConfig,
        bus: &BusConfig,
        master_key_file: &std::path::Path,
        tenants: &[TenantConfig],
    ) -> Result<Self, GroundError> {
        Ok(Self {
            store: store_options(database)?,
            redis_url: secret_of(bus.redis_url.as_ref(), bus.redis_url_file.as_deref())?,
            master_key: MasterKey::from_file(master_key_file)?,
            tenants: tenants.to_vec(),
        })
    }
}

/// Where a Config says that the store is.
pub fn store_options(config: &DatabaseConfig) -> Result<StoreOptions, GroundError> {
    let url = secret_of(config.url.as_ref(), config.url_file.as_deref())?;
    let source = match (url, &config.sqlite_file) {
        (Some(url), _) => Source::Postgres(url),
        (None, Some(file)) => Source::Sqlite(file.clone()),
        (None, None) => return Err(GroundError::NoDatabase),
    };
    let max_connections = config.max_connections.unwrap_or(DatabaseConfig::DEFAULT_MAX_CONNECTIONS);
    Ok(StoreOptions { source, max_connections })
}

/// Why the ground cannot be laid, however long one waits.
#[derive(Debug, thiserror::Error)]
pub enum GroundError {
    /// A secret that the Config names cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The Config names no database.
    #[error("database: give exactly one of url, url_file and sqlite_file")]
    NoDatabase,
    /// The database cannot be used, and waiting does not help.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store's keys cannot be used, and waiting does not help.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The master key cannot be read.
    #[error(transparent)]
    MasterKey(#[from] SealError),
    /// The address of Redis is none.
    #[error(transparent)]
    Redis(#[from] InvalidRedisUrl),
    /// A port or the signals cannot be had.
    #[error("{what}")]
    System {
        /// What was wanted.
        what: String,
        /// Why it cannot be had.
        #[source]
        source: std::io::Error,
    },
}

/// An error with its causes, on one line. Some drivers say in their error what its cause says once more.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    for cause in std::iter::successors(error.source(), |&cause| cause.source()).map(ToString::to_string) {
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}
