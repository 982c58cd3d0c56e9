//! The pools of one database.

use sqlx::{PgPool, SqlitePool};

use super::{Connection, postgres, sqlite};
use crate::{Engine, Source, StoreError, StoreOptions};

/// The pools of one database. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) enum Pools {
    /// SQLite has one writer at a time, so the write pool has one connection, and waiting for it is fair.
    Sqlite {
        write: SqlitePool,
        read: SqlitePool,
    },
    Postgres(PgPool),
}

impl Pools {
    pub(crate) async fn open(options: StoreOptions) -> Result<Self, StoreError> {
        match options.source {
            Source::Sqlite(path) => sqlite::open(&path).await,
            Source::Postgres(url) => postgres::open(&url, options.max_connections).await.map(Self::Postgres),
        }
    }

    pub(crate) const fn engine(&self) -> Engine {
        match self {
            Self::Sqlite { .. } => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// A connection for reading, outside any transaction: each statement sees what is committed when it begins.
    pub(crate) async fn read(&self) -> Result<Connection, StoreError> {
        Ok(match self {
            Self::Sqlite { read, .. } => Connection::SqliteReader(read.acquire().await?),
            Self::Postgres(pool) => Connection::PostgresReader(pool.acquire().await?),
        })
    }

    /// A transaction. On SQLite it takes the write lock at once: one that begins by reading could not get it later.
    pub(crate) async fn begin(&self) -> Result<Connection, StoreError> {
        Ok(match self {
            Self::Sqlite { write, .. } => Connection::SqliteTransaction(write.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Connection::PostgresTransaction(pool.begin().await?),
        })
    }

    /// Whether what is acknowledged survives a crash of the machine.
    pub(crate) async fn check_durable(&self) -> Result<(), StoreError> {
        match self {
            // The settings are ours, made with each connection, and cannot change behind our back.
            Self::Sqlite { .. } => Ok(()),
            Self::Postgres(pool) => postgres::check_durable(pool).await,
        }
    }

    /// Tells the planner what is in the tables. SQLite needs no telling: it takes every index for a good one.
    pub(crate) async fn analyze(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite { .. } => Ok(()),
            Self::Postgres(pool) => postgres::analyze(pool).await,
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}
