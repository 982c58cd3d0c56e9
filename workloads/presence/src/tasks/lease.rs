//! Says in the store that this process lives, and notices when another does not any more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use confab_contract::Timestamp;
use confab_store::StoreError;
use confab_store::presence;
use tokio_util::sync::CancellationToken;

use super::{availability, ticks};
use crate::gateway::Gateway;
use crate::hub::people::People;
use crate::parts::Core;

/// Runs until it is stopped. Then the lease is shortened: who does not come back within the grace is offline.
pub async fn run(gateway: Arc<Gateway>, stop: CancellationToken) {
    let core = &gateway.core;
    let lease = core.settings.tempo.lease;
    let mut ticks = ticks(lease / 3);
    let mut renewed_at: Option<Instant> = None;
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let began = Instant::now();
        // Too late: the others have swept away what this process told the store. (As after the first start: nothing is told.)
        let lapsed = renewed_at.is_some_and(|moment| began.duration_since(moment) >= lease);
        match renew(core, lease).await {
            Ok(()) => {
                renewed_at = Some(began);
                if lapsed {
                    tell_again(&gateway);
                }
            }
            Err(error) => tracing::debug!(%error, "the lease cannot be renewed"),
        }
    }
    let grace = core.settings.offline_grace();
    if let Err(error) = presence::renew(&core.store, core.node, after(core, grace)).await {
        tracing::debug!(%error, "the lease cannot be shortened");
    }
}

async fn renew(core: &Core, lease: Duration) -> Result<(), StoreError> {
    presence::renew(&core.store, core.node, after(core, lease)).await?;
    for (tenant, row) in presence::sweep(&core.store, core.now()).await? {
        availability::publish(core, &tenant, row);
    }
    Ok(())
}

fn after(core: &Core, duration: Duration) -> Timestamp {
    core.now().plus_millis(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

fn tell_again(gateway: &Gateway) {
    tracing::warn!("this process was silent for longer than its lease; its connections are announced again");
    for hub in gateway.hub.all() {
        let users = hub.people(People::forget_written);
        for user in users {
            hub.availability_changed(user);
        }
    }
}
