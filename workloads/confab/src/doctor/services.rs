//! Checks of the services that the store and the bus are in.

use std::path::Path;

use confab_chassis::bus;
use confab_contract::Timestamp;
use confab_store::{Source, Store, StoreError, StoreOptions};
use secrecy::SecretString;

use super::finding::Finding;
use crate::up::data;

/// Skew between this clock and a service's, from which tokens and windows begin to suffer.
const SKEW_MILLIS: i64 = 2000;

/// The SQLite database, if there is one already.
pub async fn sqlite(folder: &Path) -> Option<Finding> {
    let file = data::database_in(folder);
    if !file.is_file() {
        return None;
    }
    Some(match open(Source::Sqlite(file)).await {
        Ok(_) => Finding::well("database", "SQLite with durable settings"),
        Err(error) => unfit(&error),
    })
}

/// Postgres: reachable, durable, of a known schema, and of the same time.
pub async fn postgres(url: &SecretString, now: Timestamp) -> Vec<Finding> {
    let store = match open(Source::Postgres(url.clone())).await {
        Ok(store) => store,
        Err(error) => return vec![unfit(&error)],
    };
    let mut findings = vec![Finding::well("database", "Postgres with durable settings")];
    match store.server_time().await {
        Ok(theirs) => findings.push(skew("database clock", theirs, now)),
        Err(error) => findings.push(unfit(&error)),
    }
    store.close().await;
    findings
}

/// Redis: reachable, and of the same time.
pub async fn redis(url: &SecretString, now: Timestamp) -> Vec<Finding> {
    match bus::probe(url).await {
        Ok(facts) => {
            vec![Finding::well("redis", format!("version {}", facts.version)), skew("redis clock", facts.time, now)]
        }
        Err(error) => vec![Finding::mend(
            "redis",
            error.to_string(),
            "check --redis-url, and that Redis runs; without it nothing is lost, but delivery is slower",
        )],
    }
}

async fn open(source: Source) -> Result<Store, StoreError> {
    Store::open(StoreOptions { source, max_connections: 2 }).await
}

fn unfit(error: &StoreError) -> Finding {
    let cure = match error {
        StoreError::NotDurable { .. } => "change the setting; Confab acknowledges only what is durable",
        StoreError::SchemaTooNew { .. } => "use the newer confab that made this schema",
        _ => "check the address, and that the database runs",
    };
    Finding::mend("database", error.to_string(), cure)
}

fn skew(topic: &str, theirs: Timestamp, ours: Timestamp) -> Finding {
    let millis = theirs.millis_since(ours).abs();
    if millis > SKEW_MILLIS {
        return Finding::mend(topic, format!("{millis} ms apart from this machine's"), "synchronise both clocks (NTP)");
    }
    Finding::well(topic, format!("{millis} ms apart"))
}
