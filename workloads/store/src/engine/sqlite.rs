//! SQLite: one file, one writer, a few readers.

use std::path::Path;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::time::{Instant, sleep};

use super::Pools;
use crate::error::StoreError;
use crate::error::fault::{self, Fault};

const READERS: u32 = 3;
/// Another process (a backup, `confab doctor`) may hold the file this long before we call it unavailable.
const BUSY: Duration = Duration::from_secs(3);
const ACQUIRE: Duration = Duration::from_secs(5);
/// Between two attempts to open the file.
const PAUSE: Duration = Duration::from_millis(20);
/// Page cache of a reader, in KiB when negative. Small: the page cache of the system holds the rest.
const READER_CACHE: &str = "-2048";
/// Of the writer, filled as needed. A batch that does not fit is written twice.
const WRITER_CACHE: &str = "-8192";
/// Pages in the log after which they go back into the file: 32 MiB. A batch over many conversations writes hundreds of
/// pages, and the same ones again and again; with the default of 1,000 every fourth COMMIT would copy them back.
const CHECKPOINT: &str = "8192";

/// Several processes may open a new file at once. Only one can switch it to the log, and that step does not wait: the
/// others are told that it is busy, and try again.
pub(super) async fn open(path: &Path) -> Result<Pools, StoreError> {
    let deadline = Instant::now() + BUSY;
    loop {
        match try_open(path).await {
            Err(error) if fault::of(&error) == Fault::Busy && Instant::now() < deadline => sleep(PAUSE).await,
            Err(error) => return Err(StoreError::opening(error)),
            Ok((write, read)) => {
                check_durable(&write).await?;
                return Ok(Pools::Sqlite { write, read });
            }
        }
    }
}

/// The pool of the writer and that of the readers.
async fn try_open(path: &Path) -> Result<(SqlitePool, SqlitePool), sqlx::Error> {
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
    let write = pool().max_connections(1).connect_with(writer).await?;
    let reader = options.read_only(true).pragma("cache_size", READER_CACHE);
    let read = pool().max_connections(READERS).connect_with(reader).await?;
    Ok((write, read))
}

/// WAL does not work on every file system; SQLite then stays silently in another mode.
async fn check_durable(pool: &SqlitePool) -> Result<(), StoreError> {
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
