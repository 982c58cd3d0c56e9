//! Migrations: plain SQL files per engine, run in order inside one transaction that only one process holds at a time.

use sqlx::{AssertSqlSafe, Executor as _, PgConnection, SqliteConnection};

use super::Pools;
use crate::StoreError;

/// One step of the schema, in both dialects.
struct Migration {
    version: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migration {
    ($version:literal, $name:literal, $file:literal) => {
        Migration {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $file)),
            postgres: include_str!(concat!("../../migrations/postgres/", $file)),
        }
    };
}

/// All steps, by version. Add a line here for a new pair of files; never change a file that was released.
const MIGRATIONS: &[Migration] =
    &[migration!(1, "base", "0001_base.sql"), migration!(2, "networks_of_sessions", "0002_networks_of_sessions.sql")];

/// The version that this program needs.
pub(crate) const KNOWN: i64 = MIGRATIONS[MIGRATIONS.len() - 1].version;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations \
     (version BIGINT PRIMARY KEY, name TEXT NOT NULL)";
const VERSION: &str = "SELECT COALESCE(MAX(version), 0) FROM schema_migrations";
const DONE: &str = "INSERT INTO schema_migrations (version, name) VALUES ($1, $2)";
/// Any number that no other program uses for an advisory lock in the same database ("confab" in ASCII).
const LOCK: i64 = 0x63_6f_6e_66_61_62;

/// The version that is in the database; 0 when it is empty.
pub(crate) async fn version(pools: &Pools) -> Result<i64, StoreError> {
    let found = match pools {
        Pools::Sqlite { read, .. } => sqlx::query_scalar(VERSION).fetch_one(read).await,
        Pools::Postgres(pool) => sqlx::query_scalar(VERSION).fetch_one(pool).await,
    };
    match found {
        Ok(version) => Ok(version),
        Err(error) if is_missing_table(&error) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// Refuses a schema that is older or newer than this program.
pub(crate) fn check(found: i64) -> Result<(), StoreError> {
    match found {
        KNOWN => Ok(()),
        found if found < KNOWN => Err(StoreError::SchemaTooOld { found, known: KNOWN }),
        found => Err(StoreError::SchemaTooNew { found, known: KNOWN }),
    }
}

/// Brings the schema up to date. Several processes may do so at once: the first works, the others find it done.
pub(crate) async fn migrate(pools: &Pools) -> Result<(), StoreError> {
    match pools {
        Pools::Sqlite { write, .. } => {
            let mut transaction = write.begin_with("BEGIN IMMEDIATE").await?;
            migrate_sqlite(&mut transaction).await?;
            transaction.commit().await?;
        }
        Pools::Postgres(pool) => {
            let mut transaction = pool.begin().await?;
            migrate_postgres(&mut transaction).await?;
            transaction.commit().await?;
        }
    }
    Ok(())
}

async fn migrate_sqlite(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    connection.execute(TABLE).await?;
    let found: i64 = sqlx::query_scalar(VERSION).fetch_one(&mut *connection).await?;
    for migration in pending(found)? {
        connection.execute(migration.sqlite).await?;
        sqlx::query(DONE).bind(migration.version).bind(migration.name).execute(&mut *connection).await?;
        announce(migration);
    }
    Ok(())
}

async fn migrate_postgres(connection: &mut PgConnection) -> Result<(), StoreError> {
    // The lock waits for whoever migrates now, and a migration may take long: both without limit. It ends with the
    // transaction.
    connection.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0").await?;
    connection.execute(AssertSqlSafe(format!("SELECT pg_advisory_xact_lock({LOCK})"))).await?;
    connection.execute(TABLE).await?;
    let found: i64 = sqlx::query_scalar(VERSION).fetch_one(&mut *connection).await?;
    for migration in pending(found)? {
        connection.execute(migration.postgres).await?;
        sqlx::query(DONE).bind(migration.version).bind(migration.name).execute(&mut *connection).await?;
        announce(migration);
    }
    Ok(())
}

fn pending(found: i64) -> Result<impl Iterator<Item = &'static Migration>, StoreError> {
    if found > KNOWN {
        return Err(StoreError::SchemaTooNew { found, known: KNOWN });
    }
    Ok(MIGRATIONS.iter().filter(move |migration| migration.version > found))
}

fn announce(migration: &Migration) {
    tracing::info!(version = migration.version, name = migration.name, "schema migrated");
}

/// Nobody has migrated yet.
fn is_missing_table(error: &sqlx::Error) -> bool {
    let Some(error) = error.as_database_error() else { return false };
    // Postgres has a code for it; SQLite only a text.
    error.code().is_some_and(|code| code == "42P01") || error.message().contains("no such table")
}
