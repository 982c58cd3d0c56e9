//! Hands what comes over the bus to the hubs.

use std::collections::HashSet;
use std::sync::Arc;

use confab_chassis::bus::{BusEvent, Subscription};
use confab_contract::TenantId;
use confab_contract::bus::{BusMessage, Notice};
use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::tasks::availability;

/// Runs until it is stopped.
pub async fn run(gateway: Arc<Gateway>, stop: CancellationToken) {
    let mut subscription = gateway.core.bus.subscribe();
    let mut wanted = gateway.wanted.subscribe();
    let mut watched = HashSet::new();
    watch_all(&gateway, &mut subscription, &mut watched);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            changed = wanted.changed() => {
                if changed.is_err() {
                    return;
                }
                watch_all(&gateway, &mut subscription, &mut watched);
            }
            event = subscription.recv() => on_event(&gateway, event),
        }
    }
}

fn watch_all(gateway: &Gateway, subscription: &mut Subscription, watched: &mut HashSet<TenantId>) {
    for hub in gateway.hub.all() {
        if watched.insert(hub.tenant.clone()) {
            subscription.watch_tenant(&hub.tenant);
        }
    }
    gateway.watched.send_replace(watched.len());
}

fn on_event(gateway: &Arc<Gateway>, event: BusEvent) {
    match event {
        BusEvent::Message(message) => on_message(gateway, &message),
        BusEvent::Lagged => {
            gateway.look_now.notify_one();
            gateway.read_again.notify_one();
            gateway.receipts_again.notify_one();
        }
        BusEvent::Up => {
            gateway.look_now.notify_one();
            gateway.receipts_again.notify_one();
            availability::on_bus_up(gateway);
        }
        // The tail looks more often from now on.
        BusEvent::Down => gateway.look_now.notify_one(),
    }
}

fn on_message(gateway: &Gateway, message: &BusMessage) {
    if let Notice::SessionRevoked { session, .. } = &message.notice {
        // So that it cannot open another socket before the store's list of revocations is read again.
        gateway.core.revocations.revoke(&message.tenant, *session, gateway.core.now());
    }
    if let Some(hub) = gateway.hub.get(&message.tenant) {
        hub.on_message(message);
    }
}
