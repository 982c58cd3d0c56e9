//! Checks of the services that the store and the bus are in. They change nothing: no table and no key is made.

use std::path::Path;

use confab_chassis::bus;
use confab_chassis::clock::Clock;
use confab_groundwork::chain;
use confab_store::{Source, Store, StoreError, StoreOptions};
use secrecy::SecretString;

use super::finding::Finding;
use super::keys::KeyCheck;
use super::{skew, version};
use crate::up::data;

/// What is said of an error that knows no better cure.
const CHECK_DATABASE: &str = "check the address, and that the database runs";

/// The SQLite database, if there is one already.
pub async fn sqlite(folder: &Path, keys: &KeyCheck) -> Vec<Finding> {
    let file = data::database_in(folder);
    if !file.is_file() {
        return vec![keys.without_database()];
    }
    match open(Source::Sqlite(file)).await {
        Ok(store) => examined(store, "SQLite", keys).await,
        Err(error) => vec![unfit(&error)],
    }
}

/// Postgres: reachable, durable, of a known version and schema, and of the same time.
pub async fn postgres(url: &SecretString, keys: &KeyCheck) -> Vec<Finding> {
    match open(Source::Postgres(url.clone())).await {
        Ok(store) => examined(store, "Postgres", keys).await,
        Err(error) => vec![unfit(&error)],
    }
}

/// Redis: reachable, of a known version, and of the same time.
pub async fn redis(url: &SecretString) -> Vec<Finding> {
    let clock = Clock::system();
    let before = clock.now();
    match bus::probe(url).await {
        Ok(facts) => {
            vec![version::redis(&facts.version), skew::finding("redis clock", facts.time, before, clock.now())]
        }
        Err(error) => vec![Finding::mend(
            "redis",
            chain(&error),
            "check --redis-url, and that Redis runs; without it nothing is lost, but delivery is slower",
        )],
    }
}

async fn examined(store: Store, engine: &str, keys: &KeyCheck) -> Vec<Finding> {
    let mut findings = vec![match store.server_version().await {
        Ok(found) => version::database(store.engine(), &found),
        Err(error) => unfit(&error),
    }];
    let checked = store.check().await;
    let tables_are_there = checked.is_ok();
    findings.push(schema(engine, checked));
    let clock = Clock::system();
    let before = clock.now();
    match store.server_time().await {
        Ok(theirs) => findings.push(skew::finding("database clock", theirs, before, clock.now())),
        Err(error) => findings.push(unfit(&error)),
    }
    findings.push(if tables_are_there { keys.against(&store).await } else { keys.without_database() });
    store.close().await;
    findings
}

/// Durability was looked at when the store was opened, and once more by the check.
fn schema(engine: &str, checked: Result<(), StoreError>) -> Finding {
    match checked {
        Ok(()) => Finding::well("database", format!("{engine} with durable settings and a known schema")),
        Err(StoreError::SchemaTooOld { found: 0, .. }) => {
            Finding::well("database", format!("{engine} with durable settings, empty; the tables will be made"))
        }
        Err(StoreError::SchemaTooOld { found, known }) => Finding::well(
            "database",
            format!("{engine} with durable settings; its schema will be brought from version {found} to {known}"),
        ),
        Err(error) => unfit(&error),
    }
}

async fn open(source: Source) -> Result<Store, StoreError> {
    Store::open(StoreOptions { source, max_connections: 2 }).await
}

fn unfit(error: &StoreError) -> Finding {
    let cure = match error {
        StoreError::NotDurable { .. } => "change the setting; Confab acknowledges only what is durable",
        StoreError::SchemaTooNew { .. } => "use the newer confab that made this schema",
        _ => error.cure().unwrap_or(CHECK_DATABASE),
    };
    Finding::mend("database", chain(error), cure)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn an_empty_and_an_older_database_are_well_and_a_newer_one_is_not() {
        let level = |checked| schema("SQLite", checked).level;
        assert_eq!(level(Ok(())), Level::Well);
        assert_eq!(level(Err(StoreError::SchemaTooOld { found: 0, known: 3 })), Level::Well);
        assert_eq!(level(Err(StoreError::SchemaTooOld { found: 2, known: 3 })), Level::Well);
        assert_eq!(level(Err(StoreError::SchemaTooNew { found: 4, known: 3 })), Level::Mend);
    }
}
