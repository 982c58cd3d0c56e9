//! Postgres: connections, and the settings on which durability rests.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, Executor as _, PgPool};

use super::Pools;
use crate::StoreError;

/// When the server is away, a request learns it within this time.
const ACQUIRE: Duration = Duration::from_secs(3);
/// A connection that rested longer is asked whether it still lives before it is used. A busy one is not: that would
/// be a round trip per request.
const RESTED: Duration = Duration::from_secs(1);
/// A connection that does not answer within this time after its use is given up. Without a limit a server that has
/// fallen silent would keep every place in the pool, also from a server that takes its place.
const LAST_WORD: Duration = Duration::from_secs(2);
/// Connections of the group-commit writer: while one is being checked after its use, the next batch begins on the other.
const BATCH_CONNECTIONS: u32 = 2;

/// Settings of each of our connections.
/// - Time-outs: a process that freezes inside a transaction holds its locks for 5 seconds at most; others wait longer
///   than that for a lock, so that one frozen process does not fail them.
/// - Isolation: each statement of a transaction sees what is committed when it begins; the lanes rest on that.
/// - Planner: all our joins go from a few rows to an index, never by scanning or hashing a table. A plan is made for
///   each execution: one that was made while a table was nearly empty reads the whole tenant, and would be kept while
///   the table grows. It needs statistics too, see [`analyze`]; without both, a busy machine that stores 4,000 messages
///   per second stored 300.
const SETTINGS: &str = "SET statement_timeout = '12s'; SET lock_timeout = '8s'; \
     SET idle_in_transaction_session_timeout = '5s'; SET default_transaction_isolation = 'read committed'; \
     SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; \
     SET plan_cache_mode = force_custom_plan; SET jit = off";

pub(super) async fn open(url: &SecretString, max_connections: u32) -> Result<Pools, StoreError> {
    let options = options(url)?;
    let others = max_connections.saturating_sub(BATCH_CONNECTIONS).max(1);
    let all = pool(others).connect_with(options.clone()).await.map_err(StoreError::opening)?;
    check_durable(&all).await?;
    // It connects when the first batch comes.
    let batches = pool(BATCH_CONNECTIONS).connect_lazy_with(options);
    Ok(Pools::Postgres { all, batches })
}

/// How to connect.
pub(super) fn options(url: &SecretString) -> Result<PgConnectOptions, StoreError> {
    let scheme = url.expose_secret().split_once("://").map(|(scheme, _)| scheme);
    if !matches!(scheme, Some("postgres" | "postgresql")) {
        // The driver takes any scheme for its own.
        let error = sqlx::Error::Configuration("the address does not begin with postgres://".into());
        return Err(StoreError::opening(error));
    }
    let options: PgConnectOptions = url.expose_secret().parse().map_err(StoreError::opening)?;
    Ok(options.application_name("confab"))
}

fn pool(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > RESTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_release(|connection, _| {
            Box::pin(async move {
                let answer = tokio::time::timeout(LAST_WORD, connection.ping()).await;
                answer.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(|()| true)
            })
        })
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute(SETTINGS).await?;
                Ok(())
            })
        })
}

/// Counts what is in the tables. Until Postgres has done so by itself, after a minute or more, it takes a tenant for a
/// small part of each table, since it knows no better, and prefers an index that finds all rows of the tenant.
pub(super) async fn analyze(pool: &PgPool) -> Result<(), StoreError> {
    let tables = "ANALYZE users, sessions, conversations, members, messages, events, reactions, hidden_messages, \
         presence, user_presence";
    pool.execute(tables).await?;
    Ok(())
}

/// Fails when a crash of the server could lose what was committed, or when it takes no writes.
pub(super) async fn check_durable(pool: &PgPool) -> Result<(), StoreError> {
    let settings: (String, String, String, bool) = sqlx::query_as(
        "SELECT current_setting('fsync'), current_setting('full_page_writes'), \
         current_setting('synchronous_commit'), pg_is_in_recovery()",
    )
    .fetch_one(pool)
    .await?;
    let (fsync, full_page_writes, synchronous_commit, is_standby) = settings;
    if is_standby {
        return Err(StoreError::unavailable("the server is a standby and takes no writes"));
    }
    let rules = [
        ("fsync", fsync, "set fsync = on in postgresql.conf and reload"),
        ("full_page_writes", full_page_writes, "set full_page_writes = on in postgresql.conf and reload"),
        (
            "synchronous_commit",
            synchronous_commit,
            "set synchronous_commit = on, on the server, the database and the role (see ALTER DATABASE, ALTER ROLE)",
        ),
    ];
    for (setting, value, cure) in rules {
        if value == "off" {
            return Err(StoreError::NotDurable { setting, value, cure });
        }
    }
    Ok(())
}
