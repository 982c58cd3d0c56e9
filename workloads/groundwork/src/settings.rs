//! What the ground is laid from.

use std::error::Error;
use std::path::{Path, PathBuf};

use confab_chassis::config::{ConfigError, SecretSource};
use confab_chassis::redis_link::InvalidRedisUrl;
use confab_chassis::seal::{MasterKey, SealError};
use confab_contract::config::admin::TenantSource;
use confab_contract::config::section::DatabaseConfig;
use confab_contract::config::tenant::TenantConfig;
use confab_identity::KeyError;
use confab_store::{Source, StoreError, StoreOptions};
use confab_tenancy::{AdminError, FollowError};

use crate::data_folder::{DataFolder, DataFolderError};
use crate::service::ServiceConfig;

/// What the ground is laid from.
#[derive(Debug)]
pub struct Settings {
    /// Where the store is.
    pub database: Database,
    /// Where Redis is, if other processes are to hear of what happens here.
    pub redis_url: Option<SecretSource>,
    /// Seals and opens secrets.
    pub master_key: MasterKey,
    /// Where the process learns whom it serves.
    pub tenant_source: TenantSource,
    /// Whom it serves, with [`TenantSource::Config`].
    pub tenants: Vec<TenantConfig>,
}

impl Settings {
    /// From the sections that the Configs of all services share.
    pub fn from_config(config: &impl ServiceConfig) -> Result<Self, GroundError> {
        let bus = config.bus();
        let (tenant_source, tenants) = config.tenants();
        Ok(Self {
            database: Database::of(config.database())?,
            redis_url: SecretSource::of(bus.redis_url.as_ref(), bus.redis_url_file.as_deref()),
            master_key: MasterKey::from_file(config.master_key_file())?,
            tenant_source,
            tenants: tenants.to_vec(),
        })
    }
}

/// Where the store is. The address may stand in a file that is written anew while the process runs.
#[derive(Debug, Clone)]
pub struct Database {
    place: Place,
    max_connections: u32,
}

#[derive(Debug, Clone)]
enum Place {
    Sqlite(PathBuf),
    Postgres(SecretSource),
}

impl Database {
    /// A SQLite file.
    #[must_use]
    pub fn sqlite(file: PathBuf) -> Self {
        Self { place: Place::Sqlite(file), max_connections: DatabaseConfig::DEFAULT_MAX_CONNECTIONS }
    }

    /// A Postgres at this address.
    pub fn postgres(url: impl Into<SecretSource>) -> Self {
        Self { place: Place::Postgres(url.into()), max_connections: DatabaseConfig::DEFAULT_MAX_CONNECTIONS }
    }

    /// Where a Config says that it is.
    pub fn of(config: &DatabaseConfig) -> Result<Self, GroundError> {
        let place = match (SecretSource::of(config.url.as_ref(), config.url_file.as_deref()), &config.sqlite_file) {
            (Some(url), _) => Place::Postgres(url),
            (None, Some(file)) => Place::Sqlite(file.clone()),
            (None, None) => return Err(GroundError::NoDatabase),
        };
        let max_connections = config.max_connections.unwrap_or(DatabaseConfig::DEFAULT_MAX_CONNECTIONS);
        Ok(Self { place, max_connections })
    }

    /// The SQLite file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match &self.place {
            Place::Sqlite(file) => Some(file),
            Place::Postgres(_) => None,
        }
    }

    /// Takes the folder of a SQLite file, which is then nobody else's. `None`: it is a server.
    pub fn take_folder(&self) -> Result<Option<DataFolder>, DataFolderError> {
        self.file().map(DataFolder::of).transpose()
    }

    /// How to open it, as things are at this moment.
    pub fn options(&self) -> Result<StoreOptions, ConfigError> {
        let source = match &self.place {
            Place::Sqlite(file) => Source::Sqlite(file.clone()),
            Place::Postgres(url) => Source::Postgres(url.read()?),
        };
        Ok(StoreOptions { source, max_connections: self.max_connections })
    }

    /// The address, where it may change.
    pub(crate) fn changing_address(&self) -> Option<&SecretSource> {
        match &self.place {
            Place::Postgres(url @ SecretSource::File(_)) => Some(url),
            _ => None,
        }
    }
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
    /// The folder of a SQLite file cannot be had.
    #[error(transparent)]
    DataFolder(#[from] DataFolderError),
    /// The database cannot be used, and waiting does not help.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store's keys cannot be used, and waiting does not help.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The master key cannot be read.
    #[error(transparent)]
    MasterKey(#[from] SealError),
    /// Whom the process serves cannot be read, and waiting does not help.
    #[error(transparent)]
    Tenants(#[from] FollowError),
    /// The admin listener cannot begin.
    #[error(transparent)]
    Admin(#[from] AdminError),
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
