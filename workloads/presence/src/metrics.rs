//! The numbers of this service.

use confab_chassis::telemetry::MetricSet;
use confab_contract::socket::close::CloseReason;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct EndLabel {
    reason: String,
}

/// What is counted.
#[derive(Debug, Clone, Default)]
pub struct PresenceMetrics {
    /// Connections that are open now, signed in or not.
    pub connections: Gauge,
    /// Tenants to which somebody is connected, or was a moment ago.
    pub tenants: Gauge,
    /// Upgrades that were refused because the process was full or leaving.
    pub refused: Counter,
    /// Events handed to connections by feeds.
    pub deliveries: Counter,
    /// Events sent to connections out of the store, because they had missed them.
    pub replayed: Counter,
    /// Conversations whose replay was asked for.
    pub replays: Counter,
    /// Gaps that reading the store has closed.
    pub healed: Counter,
    /// Connections that were too slow.
    pub overflows: Counter,
    /// Milliseconds since the tail last came to the end of the changes.
    pub tail_lag: Gauge,
    /// Ended connections by reason.
    pub ended: Family<EndLabel, Counter>,
}

impl PresenceMetrics {
    /// A connection has ended; `None`: the client or the network ended it.
    pub fn count_end(&self, reason: Option<CloseReason>) {
        let reason = reason.map_or_else(|| "client".to_owned(), |reason| format!("{reason:?}"));
        self.ended.get_or_create(&EndLabel { reason }).inc();
    }
}

impl MetricSet for PresenceMetrics {
    fn register(registry: &mut Registry) -> Self {
        let set = Self::default();
        registry.register("sockets", "Open WebSocket connections", set.connections.clone());
        registry.register("socket_tenants", "Tenants with open WebSocket connections", set.tenants.clone());
        registry.register("sockets_refused", "Upgrades refused while full or draining", set.refused.clone());
        registry.register("deliveries", "Events handed to connections", set.deliveries.clone());
        registry.register("replays", "Conversations replayed from the store", set.replays.clone());
        registry.register("replayed_events", "Events replayed from the store", set.replayed.clone());
        registry.register("gaps_healed", "Gaps closed by reading the store", set.healed.clone());
        registry.register("queue_overflows", "Connections closed for reading too slowly", set.overflows.clone());
        registry.register("tail_lag_millis", "Since the tail last saw all changes", set.tail_lag.clone());
        registry.register("sockets_ended", "Ended connections by reason", set.ended.clone());
        set
    }
}
