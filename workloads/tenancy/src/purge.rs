//! Deletes the rows of removed tenants in the background. Every process does so, and they do not mind each other: whoever
//! crashes leaves the rest to the others.

use std::time::Duration;

use confab_chassis::background::Background;
use confab_chassis::clock::Clock;
use confab_contract::admin::TenantState;
use confab_store::tenants::purge::{self, Removed};
use confab_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::follower::Follower;

/// How often it is looked for work that nobody has told of.
const EVERY: Duration = Duration::from_secs(10);
/// Tenants of one round.
const TENANTS: u32 = 32;
/// Rows of one transaction.
const ROWS: u32 = 1000;
/// Between two transactions, so that others get their turn.
const PAUSE: Duration = Duration::from_millis(5);
/// Rows are looked for until this long after the tenant was removed: every process has heard of it by then, and what was
/// under way has ended.
const SETTLES_MILLIS: i64 = 5000;
/// A look before that, when nothing is left for now.
const AGAIN: Duration = Duration::from_millis(500);
/// For so long the end of a tenant is remembered, so that others read of it.
const REMEMBERED_MILLIS: i64 = 10 * 60 * 1000;

/// Runs as a background task until it is stopped.
pub fn spawn(follower: &Follower, clock: &Clock, background: &Background) {
    let (follower, clock) = (follower.clone(), clock.clone());
    background.spawn("purge", move |stop| keep_purging(follower.clone(), clock.clone(), stop));
}

async fn keep_purging(follower: Follower, clock: Clock, stop: CancellationToken) {
    loop {
        let pause = match stop.run_until_cancelled(round(follower.store(), &clock)).await {
            Some(Ok(Round::Done)) => EVERY,
            Some(Ok(Round::Waits)) => AGAIN,
            Some(Err(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "rows of removed tenants cannot be deleted");
                EVERY
            }
            None => return,
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
            () = follower.sees_deleting() => {}
        }
    }
}

/// What a round has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    /// Nothing.
    Done,
    /// Some whose time has not come, or more than fit in.
    Waits,
}

async fn round(store: &Store, clock: &Clock) -> Result<Round, StoreError> {
    let deleting = purge::removed(store, TenantState::Deleting, TENANTS).await?;
    let mut outcome = Round::Done;
    for removed in &deleting {
        if !delete(store, removed, clock).await? {
            outcome = Round::Waits;
        }
    }
    if deleting.len() >= usize::try_from(TENANTS).unwrap_or(usize::MAX) {
        outcome = Round::Waits;
    }
    for removed in purge::removed(store, TenantState::Gone, TENANTS).await? {
        if clock.now().millis_since(removed.since) >= REMEMBERED_MILLIS {
            purge::forget(store, &removed.id, ROWS).await?;
        }
    }
    Ok(outcome)
}

/// Says whether nothing more is to be done for it here.
async fn delete(store: &Store, removed: &Removed, clock: &Clock) -> Result<bool, StoreError> {
    loop {
        let looked_at = clock.now();
        match purge::delete_some(store, &removed.id, ROWS).await? {
            Some(0) => {
                let has_settled = looked_at.millis_since(removed.since) >= SETTLES_MILLIS;
                if has_settled {
                    purge::finish(store, &removed.id, clock.now()).await?;
                    tracing::info!(tenant = %removed.id, "all rows of a removed tenant are deleted");
                }
                return Ok(has_settled);
            }
            Some(rows) => tracing::debug!(tenant = %removed.id, rows, "rows of a removed tenant were deleted"),
            // Another process is at it.
            None => return Ok(false),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
