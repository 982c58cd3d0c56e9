//! Brings the tables of a database up to date, without serving.

use std::time::{Duration, Instant};

use confab_contract::config::section::DatabaseConfig;
use confab_store::Store;

use crate::process::{AGAIN_AFTER, open, waiting_for_store, will_never_do};
use crate::settings::{Database, GroundError};

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Migrated {
    /// The tables are as this program needs them.
    UpToDate,
    /// The database was not there for as long as it was waited for; this is why.
    NotInTime(String),
}

/// Migrates. Several may do so at once: the first works, the others find it done. The database is waited for, but not longer
/// than this; what waiting does not mend is an error.
pub async fn migrate(config: &DatabaseConfig, patience: Duration) -> Result<Migrated, GroundError> {
    let database = Database::of(config)?;
    let _folder = database.take_folder()?;
    let began = Instant::now();
    let mut told = None;
    loop {
        let error = match open(&database).await {
            Ok(store) => {
                store.close().await;
                tracing::info!(schema_version = Store::schema_version(), "the tables are up to date");
                return Ok(Migrated::UpToDate);
            }
            Err(error) if will_never_do(&error, &database) => return Err(error),
            Err(error) => waiting_for_store(&error),
        };
        if began.elapsed() + AGAIN_AFTER > patience {
            return Ok(Migrated::NotInTime(error));
        }
        if told.as_ref() != Some(&error) {
            tracing::warn!("{error}");
            told = Some(error);
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}
