//! Says in the store that this process lives, and notices when another does not any more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use confab_contract::Timestamp;
use confab_store::StoreError;
use confab_store::presence::{self, Renewed};
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
    let mut sweeps_from = Instant::now();
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        match renew(core, lease).await {
            Ok(Renewed::InTime) => {}
            Ok(Renewed::Late) => {
                // What kept this process from renewing kept others, too, perhaps: they get the time to come back.
                sweeps_from = Instant::now() + lease;
                tell_again(&gateway);
            }
            Err(error) => {
                tracing::debug!(%error, "the lease cannot be renewed");
                continue;
            }
        }
        if Instant::now() >= sweeps_from
            && let Err(error) = sweep(core).await
        {
            tracing::debug!(%error, "processes that died cannot be swept");
        }
    }
    if let Err(error) = renew(core, core.settings.offline_grace()).await {
        tracing::debug!(%error, "the lease cannot be shortened");
    }
}

async fn renew(core: &Core, lease: Duration) -> Result<Renewed, StoreError> {
    presence::renew(&core.store, core.node, after(core, lease), core.now()).await
}

async fn sweep(core: &Core) -> Result<(), StoreError> {
    for (tenant, row) in presence::sweep(&core.store, core.node, core.now()).await? {
        availability::publish(core, &tenant, row);
    }
    Ok(())
}

fn after(core: &Core, duration: Duration) -> Timestamp {
    core.now().plus_millis(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

fn tell_again(gateway: &Gateway) {
    let mut people = 0;
    for hub in gateway.hub.all() {
        let users = hub.people(People::forget_written);
        people += users.len();
        for user in users {
            hub.availability_changed(user);
        }
    }
    if people > 0 {
        tracing::warn!(
            people,
            "this process was silent for longer than its lease; who is connected is announced again"
        );
    }
}
