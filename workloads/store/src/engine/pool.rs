//! The pools of one database.

use secrecy::SecretString;
use sqlx::{PgPool, Postgres, SqlitePool, Transaction};

use super::{Connection, limited, postgres, sqlite};
use crate::{Engine, Source, StoreError, StoreOptions};

/// The pools of one database. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) enum Pools {
    /// SQLite has one writer at a time, so the write pool has one connection, and waiting for it is fair.
    Sqlite { write: SqlitePool, read: SqlitePool },
    /// The group-commit writer has connections of its own, so that no crowd of readers makes sends wait or fail.
    Postgres { all: PgPool, batches: PgPool },
}

impl Pools {
    pub(crate) async fn open(options: StoreOptions) -> Result<Self, StoreError> {
        match options.source {
            Source::Sqlite(path) => sqlite::open(&path).await,
            Source::Postgres(url) => postgres::open(&url, options.max_connections).await,
        }
    }

    /// New connections use this address from now on.
    pub(crate) fn use_address(&self, url: &SecretString) -> Result<(), StoreError> {
        if let Self::Postgres { all, batches } = self {
            let options = postgres::options(url)?;
            all.set_connect_options(options.clone());
            batches.set_connect_options(options);
        }
        Ok(())
    }

    pub(crate) const fn engine(&self) -> Engine {
        match self {
            Self::Sqlite { .. } => Engine::Sqlite,
            Self::Postgres { .. } => Engine::Postgres,
        }
    }

    /// A connection for reading, outside any transaction: each statement sees what is committed when it begins.
    pub(crate) async fn read(&self) -> Result<Connection, StoreError> {
        Ok(match self {
            Self::Sqlite { read, .. } => Connection::SqliteReader(read.acquire().await?),
            Self::Postgres { all, .. } => Connection::PostgresReader(all.acquire().await?),
        })
    }

    /// A transaction. On SQLite it takes the write lock at once: one that begins by reading could not get it later.
    pub(crate) async fn begin(&self) -> Result<Connection, StoreError> {
        Ok(match self {
            Self::Sqlite { write, .. } => Connection::SqliteTransaction(write.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres { all, .. } => Connection::PostgresTransaction(begin_on(all).await?),
        })
    }

    /// A transaction of the group-commit writer.
    pub(crate) async fn begin_batch(&self) -> Result<Connection, StoreError> {
        match self {
            Self::Sqlite { .. } => self.begin().await,
            Self::Postgres { batches, .. } => Ok(Connection::PostgresTransaction(begin_on(batches).await?)),
        }
    }

    /// Whether what is acknowledged survives a crash of the machine.
    pub(crate) async fn check_durable(&self) -> Result<(), StoreError> {
        match self {
            // The settings are ours, made with each connection, and cannot change behind our back.
            Self::Sqlite { .. } => Ok(()),
            Self::Postgres { all, .. } => postgres::check_durable(all).await,
        }
    }

    /// Tells the planner what is in the tables. SQLite needs no telling: it takes every index for a good one.
    pub(crate) async fn analyze(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite { .. } => Ok(()),
            Self::Postgres { all, .. } => postgres::analyze(all).await,
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres { all, batches } => {
                all.close().await;
                batches.close().await;
            }
        }
    }
}

/// On the heap, since the driver's future is large, and whoever may begin a transaction would carry it about all the time,
/// each idle connection of a client among them.
///
/// After a restart of the server each connection in the pool is found to be broken once. Nothing has been asked for by
/// then, so the next one is tried.
async fn begin_on(pool: &PgPool) -> Result<Transaction<'static, Postgres>, StoreError> {
    let mut may_be_broken = pool.size();
    loop {
        match Box::pin(limited(pool.begin())).await {
            Err(error) if may_be_broken > 0 && error.is_broken_connection() => may_be_broken -= 1,
            result => return result,
        }
    }
}
