//! Clears away sessions that ended long ago. Every process does so, and they do not mind each other.

use std::time::Duration;

use confab_chassis::clock::Clock;
use confab_contract::Timestamp;
use confab_store::{Store, StoreError, sessions};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

/// Sessions are kept this long after their end: until then the place of a sign-in is recognised by them.
const KEPT_MILLIS: i64 = 90 * 24 * 3600 * 1000;
/// How often it is done.
const EVERY: Duration = Duration::from_hours(24);
/// Not while the process starts, when everybody wants the store.
const FIRST_AFTER: Duration = Duration::from_mins(5);
/// Sessions of one transaction at most.
const AT_ONCE: u32 = 500;

/// Deletes what ended more than 90 days ago.
pub async fn purge(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let before = now.plus_millis(-KEPT_MILLIS);
    while sessions::purge_ended(store, before, AT_ONCE).await? {}
    Ok(())
}

/// Does so each day until it is stopped.
pub(crate) async fn keep_purging(store: Store, clock: Clock, stop: CancellationToken) {
    let mut ticks = interval_at(Instant::now() + FIRST_AFTER, EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        match stop.run_until_cancelled(purge(&store, clock.now())).await {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "ended sessions were not cleared away");
            }
            None => return,
        }
    }
}
