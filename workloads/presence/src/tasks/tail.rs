//! Follows the store's changes, so that a lost message costs a moment and never an event. It costs what changes: when
//! nothing has, one look at the counters of all tenants that have connections here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use confab_contract::TenantId;
use confab_store::StoreError;
use confab_store::changes::{self, Changes};
use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::hub::progress::Progress;
use crate::hub::tenant::TenantHub;
use crate::parts::Core;

/// Changed conversations and members read at once.
const PAGE: u32 = 500;
/// Tenants whose counters are read at once.
const TENANTS: usize = 256;

/// Runs until it is stopped.
pub async fn run(gateway: Arc<Gateway>, stop: CancellationToken) {
    let mut caught_up_at = Instant::now();
    loop {
        let pause = pause(&gateway.core);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
            () = gateway.look_now.notified() => {}
        }
        let began = Instant::now();
        match look(&gateway).await {
            Ok(()) => caught_up_at = began,
            Err(error) => tracing::debug!(%error, "the tail cannot read the store"),
        }
        let lag = i64::try_from(caught_up_at.elapsed().as_millis()).unwrap_or(i64::MAX);
        gateway.core.metrics.tail_lag.set(lag);
    }
}

fn pause(core: &Core) -> Duration {
    let sockets = &core.settings.sockets;
    let millis = if core.bus.is_up() { sockets.tail_millis } else { sockets.tail_without_bus_millis };
    Duration::from_millis(millis)
}

/// Looks at every tenant that has connections here. One tenant's trouble does not hold up others.
async fn look(gateway: &Gateway) -> Result<(), StoreError> {
    let mut outcome = Ok(());
    let followed: Vec<Arc<TenantHub>> = gateway.hub.all().into_iter().filter(|hub| hub.is_followed()).collect();
    for hubs in followed.chunks(TENANTS) {
        if let Err(error) = look_at(&gateway.core, hubs).await {
            outcome = Err(error);
        }
    }
    outcome
}

/// One question for many tenants says in which of them anything has changed.
async fn look_at(core: &Core, hubs: &[Arc<TenantHub>]) -> Result<(), StoreError> {
    // Runs begin before anything is read.
    let runs: Vec<u64> = hubs.iter().map(|hub| hub.progress(Progress::begin_run)).collect();
    let tenants: Vec<&TenantId> = hubs.iter().map(|hub| &hub.tenant).collect();
    let positions = changes::positions(&core.store, &tenants).await?;
    let mut outcome = Ok(());
    for (hub, run) in hubs.iter().zip(runs) {
        let now = positions.get(&hub.tenant).copied().unwrap_or_default();
        let is_still = hub.progress(|progress| {
            let is_still = progress.position() == Some(&now);
            if is_still {
                progress.end_run(run, &now, Vec::new());
            }
            is_still
        });
        if !is_still && let Err(error) = follow(hub).await {
            outcome = Err(error);
        }
    }
    outcome
}

async fn follow(hub: &Arc<TenantHub>) -> Result<(), StoreError> {
    loop {
        let run = hub.progress(Progress::begin_run);
        let Some(position) = hub.progress(|progress| progress.position().copied()) else { return Ok(()) };
        let changes = changes::since(&hub.core.store, &hub.tenant, &position, PAGE).await?;
        let has_more = changes.has_more;
        take(hub, run, changes);
        if !has_more {
            return Ok(());
        }
    }
}

fn take(hub: &Arc<TenantHub>, run: u64, changes: Changes) {
    for member in changes.members.iter().filter(|member| member.is_member) {
        hub.catch_up_joined(&[member.user], member.conversation);
    }
    // Those who left are detached by the event that says so, in its turn.
    let conversations = changes.conversations.into_iter();
    let behind = conversations.filter_map(|(conversation, seq)| Some((hub.learn(conversation, seq)?, seq))).collect();
    hub.progress(|progress| progress.end_run(run, &changes.position, behind));
}
