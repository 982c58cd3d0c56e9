//! Hands what comes over the bus to the hubs.

use std::collections::HashSet;
use std::sync::Arc;

use confab_chassis::bus::{BusEvent, Subscription};
use confab_contract::TenantId;
use confab_contract::bus::{BusMessage, Notice};
use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::hub::News;
use crate::tasks::availability;

/// Runs until it is stopped.
pub async fn run(gateway: Arc<Gateway>, stop: CancellationToken) {
    let mut watched = Watched { subscription: gateway.core.bus.subscribe(), tenants: HashSet::new() };
    let mut news = gateway.hub.news();
    // Whoever was told to an earlier run of this task, which ended by a panic.
    gateway.hub.all().iter().for_each(|hub| watched.begin(&hub.tenant));
    watched.follow(&gateway);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            changed = news.changed() => {
                if changed.is_err() {
                    return;
                }
                watched.follow(&gateway);
            }
            event = watched.subscription.recv() => on_event(&gateway, event),
        }
    }
}

/// The tenants of which messages come: those that have a hub.
struct Watched {
    subscription: Subscription,
    tenants: HashSet<TenantId>,
}

impl Watched {
    fn follow(&mut self, gateway: &Gateway) {
        let (news, number) = gateway.hub.take_news();
        for news in news {
            match news {
                News::Begun(tenant) => self.begin(&tenant),
                News::Ended(tenant) => {
                    if self.tenants.remove(&tenant) {
                        self.subscription.unwatch(&tenant);
                    }
                }
            }
        }
        gateway.watched.send_replace(number);
    }

    fn begin(&mut self, tenant: &TenantId) {
        if self.tenants.insert(tenant.clone()) {
            self.subscription.watch_tenant(tenant);
        }
    }
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
