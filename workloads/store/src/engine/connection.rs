//! One connection, inside a transaction or not, to either engine.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection, Transaction};

use super::query::{Query, Value};
use super::row::Row;
use crate::{Engine, StoreError};

/// A statement that takes longer has lost its server: Postgres itself gives up earlier (see `statement_timeout`).
const STATEMENT_LIMIT: Duration = Duration::from_secs(15);

/// One connection. As a transaction it rolls back when it is dropped without [`Connection::commit`].
pub(crate) enum Connection {
    SqliteReader(PoolConnection<Sqlite>),
    SqliteTransaction(Transaction<'static, Sqlite>),
    PostgresReader(PoolConnection<Postgres>),
    PostgresTransaction(Transaction<'static, Postgres>),
}

/// What Postgres answers in time. A server that is frozen or cut off says nothing, and its connections stay open.
pub(super) async fn limited<T>(ask: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreError> {
    Ok(tokio::time::timeout(STATEMENT_LIMIT, ask).await.map_err(|_| StoreError::silent())??)
}

macro_rules! bound {
    ($query:expr, $values:expr) => {{
        let mut query = $query;
        for value in $values {
            query = match value {
                Value::Integer(number) => query.bind(number),
                Value::Text(text) => query.bind(text),
                Value::Boolean(value) => query.bind(value),
                Value::Bytes(bytes) => query.bind(bytes),
            };
        }
        query
    }};
}

/// The same call for whichever driver is behind the connection.
macro_rules! run {
    ($connection:expr, $query:expr, $make:path, $method:ident) => {{
        let query: Query = $query;
        if query.has_nul() {
            return Err(StoreError::Unstorable);
        }
        match $connection.side() {
            Side::Sqlite(connection) => bound!($make(query.sql.sqlite), query.values).$method(connection).await?,
            Side::Postgres(connection) => {
                let statement = bound!($make(query.sql.postgres), query.values).$method(connection);
                limited(statement).await?
            }
        }
    }};
}

enum Side<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

impl Connection {
    pub(crate) const fn engine(&self) -> Engine {
        match self {
            Self::SqliteReader(_) | Self::SqliteTransaction(_) => Engine::Sqlite,
            Self::PostgresReader(_) | Self::PostgresTransaction(_) => Engine::Postgres,
        }
    }

    /// All rows.
    pub(crate) async fn all<R: Row>(&mut self, query: Query) -> Result<Vec<R>, StoreError> {
        Ok(run!(self, query, sqlx::query_as, fetch_all))
    }

    /// The one row, or none.
    pub(crate) async fn optional<R: Row>(&mut self, query: Query) -> Result<Option<R>, StoreError> {
        Ok(run!(self, query, sqlx::query_as, fetch_optional))
    }

    /// The row that such a statement always has, as a count does.
    pub(crate) async fn one<R: Row>(&mut self, query: Query) -> Result<R, StoreError> {
        Ok(run!(self, query, sqlx::query_as, fetch_one))
    }

    /// Changes rows; returns how many.
    pub(crate) async fn run(&mut self, query: Query) -> Result<u64, StoreError> {
        if query.has_nul() {
            return Err(StoreError::Unstorable);
        }
        Ok(match self.side() {
            Side::Sqlite(connection) => {
                bound!(sqlx::query(query.sql.sqlite), query.values).execute(connection).await?.rows_affected()
            }
            Side::Postgres(connection) => {
                let statement = bound!(sqlx::query(query.sql.postgres), query.values).execute(connection);
                limited(statement).await?.rows_affected()
            }
        })
    }

    /// Makes the transaction durable. An error means that the outcome is unknown.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::SqliteTransaction(transaction) => transaction.commit().await?,
            Self::PostgresTransaction(transaction) => limited(transaction.commit()).await?,
            Self::SqliteReader(_) | Self::PostgresReader(_) => {}
        }
        Ok(())
    }

    fn side(&mut self) -> Side<'_> {
        match self {
            Self::SqliteReader(connection) => Side::Sqlite(connection),
            Self::SqliteTransaction(connection) => Side::Sqlite(connection),
            Self::PostgresReader(connection) => Side::Postgres(connection),
            Self::PostgresTransaction(connection) => Side::Postgres(connection),
        }
    }
}
