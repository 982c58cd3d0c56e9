//! Opening, migrating, checking and closing; and the way from an entity's function to a connection.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use confab_contract::Timestamp;
use secrecy::SecretString;

use crate::changes::LaneChoice;
use crate::engine::{Connection, Pools, Query, Seq, Sql, schema};
use crate::error::StoreError;
use crate::timeline::writer::Writer;

/// Longer than the pool's own limit: whoever asks for readiness must get an answer.
const CHECK_LIMIT: Duration = Duration::from_secs(5);
/// Neither a frozen database nor a forgotten connection holds up the end of the process.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// Where the data lie.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file, made when it is not there.
    Sqlite(PathBuf),
    /// `postgres://…`; secret, since it may hold a password.
    Postgres(SecretString),
}

/// How to open a store.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Where the data lie.
    pub source: Source,
    /// Connections to Postgres at most. SQLite has one writer and a few readers, whatever is said here.
    pub max_connections: u32,
}

/// Which database serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// An embedded file.
    Sqlite,
    /// A server.
    Postgres,
}

/// The database of this process. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    pools: Pools,
    lanes: LaneChoice,
    writer: Writer,
}

impl Store {
    /// Connects, checks that commits are durable, and starts the group-commit writer. It does not migrate.
    pub async fn open(options: StoreOptions) -> Result<Self, StoreError> {
        let pools = Pools::open(options).await?;
        let lanes = LaneChoice::at_random();
        let writer = Writer::start(pools.clone(), lanes.next());
        Ok(Self { inner: Arc::new(Inner { pools, lanes, writer }) })
    }

    /// Brings the schema up to date. Several processes may do so at once. A newer schema is left as it is, and refused when
    /// it does not bear this program.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        schema::migrate(&self.inner.pools).await
    }

    /// Readiness: the database answers, is durable, and has a schema that this program understands. Answers within seconds.
    pub async fn check(&self) -> Result<(), StoreError> {
        let check = async {
            self.inner.pools.check_durable().await?;
            schema::check(schema::found(&self.inner.pools).await?)
        };
        tokio::time::timeout(CHECK_LIMIT, check).await.map_err(|_| StoreError::silent())?
    }

    /// New connections use this address from now on; those that are open stay. A file has no other address.
    pub fn use_address(&self, url: &SecretString) -> Result<(), StoreError> {
        self.inner.pools.use_address(url)
    }

    /// The version of the schema that this program was built for.
    #[must_use]
    pub const fn schema_version() -> i64 {
        schema::KNOWN
    }

    /// The database's own clock, to compare with this machine's.
    pub async fn server_time(&self) -> Result<Timestamp, StoreError> {
        let query = Query::new(Sql {
            sqlite: "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            postgres: "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
        });
        let (millis,): (Seq,) = self.read().await?.one(query).await?;
        Ok(Timestamp::from_millis(i64::try_from(millis.0).unwrap_or(i64::MAX)))
    }

    /// The database's version in its own words, such as `16.3` or `3.50.2`.
    pub async fn server_version(&self) -> Result<String, StoreError> {
        let query =
            Query::new(Sql { sqlite: "SELECT sqlite_version()", postgres: "SELECT current_setting('server_version')" });
        let (version,): (String,) = self.read().await?.one(query).await?;
        Ok(version)
    }

    /// Finishes what is queued and closes all connections, within seconds. Calls after this are refused as unavailable.
    pub async fn close(&self) {
        let close = async {
            self.inner.writer.finish().await;
            self.inner.pools.close().await;
        };
        if tokio::time::timeout(CLOSE_LIMIT, close).await.is_err() {
            tracing::warn!("the database did not answer; its connections are dropped");
        }
    }

    /// Which database serves.
    pub fn engine(&self) -> Engine {
        self.inner.pools.engine()
    }

    pub(crate) async fn read(&self) -> Result<Connection, StoreError> {
        self.inner.pools.read().await
    }

    pub(crate) async fn begin(&self) -> Result<Connection, StoreError> {
        self.inner.pools.begin().await
    }

    pub(crate) fn lanes(&self) -> &LaneChoice {
        &self.inner.lanes
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.inner.writer
    }
}
