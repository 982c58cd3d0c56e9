//! SQLite: one file, one writer, a few readers.

use std::path::Path;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::Pools;
use crate::StoreError;

const READERS: u32 = 3;
/// Another process (a backup, `confab doctor`) may hold the file this long before we call it unavailable.
const BUSY: Duration = Duration::from_secs(3);
const ACQUIRE: Duration = Duration::from_secs(5);
/// Page cache of a reader, in KiB when negative. Small: the page cache of the system holds the rest.
const READER_CACHE: &str = "-2048";
/// Of the writer, filled as needed. A batch that does not fit is written twice.
const WRITER_CACHE: &str = "-16384";
/// Pages in the log after which they go back into the file: 32 MiB. A batch over many conversations writes hundreds of
/// pages, and the same ones again and again; with the default of 1,000 every fourth COMMIT would copy them back.
const CHECKPOINT: &str = "8192";

pub(super) async fn open(path: &Path) -> Result<Pools, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // With FULL the log is synced before each COMMIT returns; NORMAL would lose the last ones in a power failure.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        // The schema has none.
        .foreign_keys(false)
        .pragma("wal_autocheckpoint", CHECKPOINT)
        .pragma("temp_store", "memory")
        // A burst leaves no large log behind.
        .pragma("journal_size_limit", "33554432")
        .statement_cache_capacity(200)
        .row_buffer_size(256);
    let pool = || {
        SqlitePoolOptions::new()
            .acquire_timeout(ACQUIRE)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
    };
    // The writer first: it makes the file and its log, which a reader cannot.
    let writer = options.clone().pragma("cache_size", WRITER_CACHE);
    let write = pool().max_connections(1).connect_with(writer).await.map_err(StoreError::opening)?;
    check_synchronous(&write).await?;
    let read = pool()
        .max_connections(READERS)
        .connect_with(options.read_only(true).pragma("cache_size", READER_CACHE))
        .await
        .map_err(StoreError::opening)?;
    Ok(Pools::Sqlite { write, read })
}

/// WAL does not work on every file system; SQLite then stays silently in another mode.
async fn check_synchronous(pool: &SqlitePool) -> Result<(), StoreError> {
    let (mode,): (String,) = sqlx::query_as("PRAGMA journal_mode").fetch_one(pool).await?;
    if mode != "wal" {
        let cure = "keep the data folder on a local disk, not on a network file system";
        return Err(StoreError::NotDurable { setting: "journal_mode", value: mode, cure });
    }
    let (synchronous,): (i64,) = sqlx::query_as("PRAGMA synchronous").fetch_one(pool).await?;
    if synchronous < 2 {
        let value = synchronous.to_string();
        return Err(StoreError::NotDurable { setting: "synchronous", value, cure: "it must be FULL (2)" });
    }
    Ok(())
}
