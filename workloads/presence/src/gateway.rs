//! The gateway of this process: the hub, and how many connections there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use confab_contract::TenantId;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use crate::hub::Hub;
use crate::hub::tenant::TenantHub;
use crate::parts::Core;
use crate::threshold::Threshold;

/// How long a first connection of a tenant waits for the bus. What comes later than that is found by the tail.
const BUS_PATIENCE: Duration = Duration::from_secs(1);

/// Everything that connections and background tasks share.
#[derive(Debug)]
pub struct Gateway {
    /// The parts.
    pub core: Arc<Core>,
    /// Who gets what.
    pub hub: Hub,
    /// Asks the tail to look now.
    pub look_now: Notify,
    /// Asks for the availability of everybody who is watched to be read again.
    pub read_again: Notify,
    /// Asks for the watermarks of all conversations that are followed to be read again.
    pub receipts_again: Notify,
    /// Up to which of the hub's news the bus task has come.
    pub watched: watch::Sender<u64>,
    /// Who has not signed in.
    pub threshold: Arc<Threshold>,
    connections: Arc<AtomicU32>,
}

/// A place among the connections of this process, given back when it is dropped.
#[derive(Debug)]
pub struct Slot {
    gateway: Arc<Gateway>,
}

impl Gateway {
    /// Nobody is connected yet.
    pub fn new(core: Arc<Core>) -> Self {
        Self {
            hub: Hub::new(Arc::clone(&core)),
            threshold: Threshold::new(core.settings.sockets.max_connections),
            core,
            look_now: Notify::new(),
            read_again: Notify::new(),
            receipts_again: Notify::new(),
            watched: watch::Sender::new(0),
            connections: Arc::default(),
        }
    }

    /// A place for one more connection, unless the process is full.
    pub fn slot(self: &Arc<Self>) -> Option<Slot> {
        let most = self.core.settings.sockets.max_connections;
        let taken = |count: u32| (count < most).then_some(count + 1);
        self.connections.fetch_update(Ordering::SeqCst, Ordering::SeqCst, taken).ok()?;
        self.core.metrics.connections.inc();
        Some(Slot { gateway: Arc::clone(self) })
    }

    /// Connections that are open, signed in or not.
    pub fn connections(&self) -> u32 {
        self.connections.load(Ordering::SeqCst)
    }

    /// The hub of a tenant. The first connection waits until the bus brings the tenant's messages.
    pub async fn hub_of(&self, tenant: &TenantId) -> Arc<TenantHub> {
        let (hub, news) = self.hub.get_or_make(tenant);
        if let Some(news) = news {
            let mut watched = self.watched.subscribe();
            let settled = async {
                // The sender lives in `self`.
                let _ = watched.wait_for(|number| *number >= news).await;
                let mut subscription = self.core.bus.subscribe();
                subscription.watch_tenant(tenant);
                subscription.settled().await;
            };
            if timeout(BUS_PATIENCE, settled).await.is_err() {
                tracing::debug!(%tenant, "the bus does not bring the tenant's messages yet");
            }
        }
        hub
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.gateway.connections.fetch_sub(1, Ordering::SeqCst);
        self.gateway.core.metrics.connections.dec();
    }
}
