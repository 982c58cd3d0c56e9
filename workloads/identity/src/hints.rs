//! Hears of revocations over the bus, at once. The store stays the record: what the bus loses is read from there.

use confab_chassis::bus::{Bus, BusEvent};
use confab_chassis::clock::Clock;
use confab_chassis::token::Revocations;
use confab_contract::bus::Notice;
use tokio_util::sync::CancellationToken;

/// Listens until it is stopped.
pub(crate) async fn listen(bus: Bus, revocations: Revocations, clock: Clock, stop: CancellationToken) {
    // Of all tenants, without watching any: a revocation is for all.
    let mut subscription = bus.subscribe();
    while let Some(event) = stop.run_until_cancelled(subscription.recv()).await {
        if let BusEvent::Message(message) = event
            && let Notice::SessionRevoked { session, .. } = message.notice
        {
            revocations.revoke(&message.tenant, session, clock.now());
        }
    }
}
