//! Tenants that come, change and go: their open connections feel it at once.

use std::sync::Arc;

use confab_contract::socket::close::CloseReason;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::hub::tenant::TenantHub;
use crate::parts::Core;

/// Runs until it is stopped.
pub async fn run(gateway: Arc<Gateway>, stop: CancellationToken) {
    let mut changes = gateway.core.tenants.changes();
    // What an earlier run of this task may have missed.
    look_at_all(&gateway);
    while let Some(change) = stop.run_until_cancelled(changes.recv()).await {
        match change {
            Ok(tenant) => {
                if let Some(hub) = gateway.hub.get(&tenant) {
                    look(&gateway.core, &hub);
                }
            }
            Err(RecvError::Lagged(_)) => look_at_all(&gateway),
            Err(RecvError::Closed) => return,
        }
    }
}

fn look_at_all(gateway: &Gateway) {
    gateway.hub.all().iter().for_each(|hub| look(&gateway.core, hub));
}

fn look(core: &Core, hub: &TenantHub) {
    match core.tenants.by_id(&hub.tenant) {
        Some(tenant) if tenant.is_served() => hub.settle_for(tenant.limits()),
        _ => hub.for_each_session(|session| session.close(CloseReason::NotServed)),
    }
}
