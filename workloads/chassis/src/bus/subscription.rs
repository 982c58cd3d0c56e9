//! One listener of the bus.

use std::collections::HashMap;

use confab_contract::TenantId;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::{Bus, BusEvent};

/// Listens to the tenants that it watches, and to what is for all. Messages published before a tenant is watched do not
/// come.
#[derive(Debug)]
pub struct Subscription {
    events: broadcast::Receiver<BusEvent>,
    watched: HashMap<TenantId, usize>,
    bus: Bus,
}

impl Subscription {
    pub(super) fn new(events: broadcast::Receiver<BusEvent>, bus: Bus) -> Self {
        Self { events, watched: HashMap::new(), bus }
    }

    /// Watches a tenant once more. It ends with as many [`Self::unwatch`].
    pub fn watch_tenant(&mut self, tenant: &TenantId) {
        if let Some(count) = self.watched.get_mut(tenant) {
            *count += 1;
            return;
        }
        self.watched.insert(tenant.clone(), 1);
        self.bus.0.watched.add(tenant);
    }

    /// Watches a tenant once less.
    pub fn unwatch(&mut self, tenant: &TenantId) {
        let Some(count) = self.watched.get_mut(tenant) else { return };
        *count -= 1;
        if *count == 0 {
            self.watched.remove(tenant);
            self.bus.0.watched.remove(tenant);
        }
    }

    /// Waits until messages of other processes come for every tenant that is watched now. Returns at once when the bus is
    /// inside one process or down: then [`BusEvent::Up`] tells.
    pub async fn settled(&self) {
        let Some(remote) = &self.bus.0.remote else { return };
        let mut up = remote.up.clone();
        tokio::select! {
            () = self.bus.0.watched.settled() => {}
            // An error means that the bus is gone, which is down for good.
            _ = up.wait_for(|up| !up) => {}
        }
    }

    /// The next event. Cancel safe.
    pub async fn recv(&mut self) -> BusEvent {
        loop {
            match self.events.recv().await {
                Ok(BusEvent::Message(message))
                    if !message.notice.is_for_all() && !self.watched.contains_key(&message.tenant) => {}
                Ok(event) => return event,
                Err(RecvError::Lagged(_)) => return BusEvent::Lagged,
                // The sender lives in `self.bus`.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        for tenant in self.watched.keys() {
            self.bus.0.watched.remove(tenant);
        }
    }
}
