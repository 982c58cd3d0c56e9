//! Hears of revocations over the bus, at once. The store stays the record: what the bus loses is read from there.

use std::collections::HashSet;
use std::time::Duration;

use confab_chassis::bus::{Bus, BusEvent, Subscription};
use confab_chassis::clock::Clock;
use confab_chassis::tenant::Tenants;
use confab_chassis::token::Revocations;
use confab_contract::TenantId;
use confab_contract::bus::Notice;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// How often it is asked whether tenants have come or gone.
const TENANTS_EVERY: Duration = Duration::from_secs(1);

/// Listens until it is stopped.
pub(crate) async fn listen(
    bus: Bus,
    tenants: Tenants,
    revocations: Revocations,
    clock: Clock,
    stop: CancellationToken,
) {
    let mut subscription = bus.subscribe();
    let mut watched = HashSet::new();
    let mut ticks = interval(TENANTS_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => watch(&tenants, &mut subscription, &mut watched),
            event = subscription.recv() => {
                if let BusEvent::Message(message) = event
                    && let Notice::SessionRevoked { session, .. } = message.notice
                {
                    revocations.revoke(&message.tenant, session, clock.now());
                }
            }
        }
    }
}

fn watch(tenants: &Tenants, subscription: &mut Subscription, watched: &mut HashSet<TenantId>) {
    let served: HashSet<TenantId> = tenants.all().iter().map(|tenant| tenant.id().clone()).collect();
    for gone in watched.difference(&served) {
        subscription.unwatch(gone);
    }
    for new in served.difference(watched) {
        subscription.watch_tenant(new);
    }
    *watched = served;
}
