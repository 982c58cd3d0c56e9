//! Migrations: plain SQL files per engine, run in order inside one transaction that only one process holds at a time.

use sqlx::{AssertSqlSafe, Executor as _, PgConnection, SqliteConnection};

use super::Pools;
use crate::StoreError;

/// One step of the schema, in both dialects.
struct Migration {
    version: i64,
    /// The oldest program, by the schema version that it was built for, that may go on running after this step.
    oldest_program: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migration {
    ($version:literal, $name:literal, $file:literal, oldest program: $oldest_program:literal) => {
        Migration {
            version: $version,
            oldest_program: $oldest_program,
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $file)),
            postgres: include_str!(concat!("../../migrations/postgres/", $file)),
        }
    };
}

/// All steps, by version. Add a line here for a new pair of files; never change a file that was released.
///
/// During an update processes of two versions share one database: a step that only adds names the version before its own as
/// its oldest program. Without that, each old process would become unready as soon as the first new one had started.
const MIGRATIONS: &[Migration] = &[
    migration!(1, "base", "0001_base.sql", oldest program: 1),
    migration!(2, "networks_of_sessions", "0002_networks_of_sessions.sql", oldest program: 1),
    migration!(3, "tenants", "0003_tenants.sql", oldest program: 1),
];

/// The version that this program needs.
pub(crate) const KNOWN: i64 = MIGRATIONS[MIGRATIONS.len() - 1].version;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations \
     (version BIGINT PRIMARY KEY, name TEXT NOT NULL, oldest_program BIGINT NOT NULL)";
/// What an older program cannot bear stays unbearable whatever comes later: hence the largest of all rows.
const FOUND: &str = "SELECT COALESCE(MAX(version), 0), COALESCE(MAX(oldest_program), 0) FROM schema_migrations";
const DONE: &str = "INSERT INTO schema_migrations (version, name, oldest_program) VALUES ($1, $2, $3)";
/// Any number that no other program uses for an advisory lock in the same database ("confab" in ASCII).
const LOCK: i64 = 0x63_6f_6e_66_61_62;

/// What a database says of its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    version: i64,
    oldest_program: i64,
}

impl From<(i64, i64)> for Found {
    fn from((version, oldest_program): (i64, i64)) -> Self {
        Self { version, oldest_program }
    }
}

/// What is in the database; version 0 when it is empty.
pub(crate) async fn found(pools: &Pools) -> Result<Found, StoreError> {
    let found: Result<(i64, i64), _> = match pools {
        Pools::Sqlite { read, .. } => sqlx::query_as(FOUND).fetch_one(read).await,
        Pools::Postgres { all, .. } => sqlx::query_as(FOUND).fetch_one(all).await,
    };
    match found {
        Ok(found) => Ok(found.into()),
        Err(error) if is_missing_table(&error) => Ok((0, 0).into()),
        Err(error) => Err(error.into()),
    }
}

/// Refuses a schema that is older than the program, or so new that the program does not understand it.
pub(crate) fn check(found: Found) -> Result<(), StoreError> {
    judge(found, KNOWN)
}

/// The decision behind [`check`], for a program that was built for the schema version `known`.
fn judge(found: Found, known: i64) -> Result<(), StoreError> {
    let Found { version, oldest_program } = found;
    if version < known {
        return Err(StoreError::SchemaTooOld { found: version, known });
    }
    if oldest_program > known {
        return Err(StoreError::SchemaTooNew { found: version, known });
    }
    Ok(())
}

/// Brings the schema up to date. Several processes may do so at once: the first works, the others find it done.
pub(crate) async fn migrate(pools: &Pools) -> Result<(), StoreError> {
    match pools {
        Pools::Sqlite { write, .. } => {
            let mut transaction = write.begin_with("BEGIN IMMEDIATE").await?;
            migrate_sqlite(&mut transaction).await?;
            transaction.commit().await?;
        }
        Pools::Postgres { all, .. } => {
            let mut transaction = all.begin().await?;
            migrate_postgres(&mut transaction).await?;
            transaction.commit().await?;
        }
    }
    Ok(())
}

async fn migrate_sqlite(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    connection.execute(TABLE).await?;
    let found: (i64, i64) = sqlx::query_as(FOUND).fetch_one(&mut *connection).await?;
    for migration in pending(found.into())? {
        connection.execute(migration.sqlite).await?;
        let Migration { version, name, oldest_program, .. } = migration;
        sqlx::query(DONE).bind(version).bind(name).bind(oldest_program).execute(&mut *connection).await?;
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
    let found: (i64, i64) = sqlx::query_as(FOUND).fetch_one(&mut *connection).await?;
    for migration in pending(found.into())? {
        connection.execute(migration.postgres).await?;
        let Migration { version, name, oldest_program, .. } = migration;
        sqlx::query(DONE).bind(version).bind(name).bind(oldest_program).execute(&mut *connection).await?;
        announce(migration);
    }
    Ok(())
}

fn pending(found: Found) -> Result<impl Iterator<Item = &'static Migration>, StoreError> {
    if found.version >= KNOWN {
        check(found)?;
    }
    Ok(MIGRATIONS.iter().filter(move |migration| migration.version > found.version))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_runs_on_its_own_schema_and_on_newer_ones_that_bear_it() {
        let verdict = |version, oldest_program| judge(Found { version, oldest_program }, 5);
        assert!(verdict(5, 5).is_ok());
        assert!(verdict(5, 1).is_ok());
        assert!(verdict(7, 5).is_ok());
        assert!(matches!(verdict(7, 6), Err(StoreError::SchemaTooNew { found: 7, known: 5 })));
        assert!(matches!(verdict(4, 3), Err(StoreError::SchemaTooOld { found: 4, known: 5 })));
        assert!(matches!(verdict(0, 0), Err(StoreError::SchemaTooOld { found: 0, known: 5 })));
    }

    #[test]
    fn the_steps_are_in_order_and_none_bears_a_program_of_the_future() {
        for (index, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(usize::try_from(migration.version), Ok(index + 1), "{}", migration.name);
            assert!((1..=migration.version).contains(&migration.oldest_program), "{}", migration.name);
        }
    }
}
