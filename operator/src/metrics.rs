//! What the operator counts.

use confab_chassis::telemetry::MetricSet;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// A request to the API server.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ApiLabels {
    /// `GET`, `WATCH`, `POST`, `PUT`, `PATCH`, `DELETE`.
    pub verb: &'static str,
    /// Status of the answer; 0 when there was none.
    pub code: u16,
}

/// A reconcile.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ReconcileLabels {
    /// `ok`, or the reason of the condition that it ended with.
    pub result: &'static str,
}

/// Tenants in a condition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ConditionLabels {
    /// Type of the condition.
    pub condition: &'static str,
    /// `True`, `False` or `Unknown`.
    pub status: &'static str,
}

/// What the operator counts. Its clones share the numbers.
#[derive(Clone)]
pub struct OperatorMetrics {
    /// Requests to the API server.
    pub api_requests: Family<ApiLabels, Counter>,
    /// Reconciles by how they ended.
    pub reconciles: Family<ReconcileLabels, Counter>,
    /// How long they took.
    pub reconcile_seconds: Family<ReconcileLabels, Histogram, fn() -> Histogram>,
    /// Tenants that are due and wait for a worker.
    pub queue_depth: Gauge,
    /// Tenants by condition.
    pub tenants: Family<ConditionLabels, Gauge>,
    /// 1 while this process leads.
    pub leader: Gauge,
    /// Watches that broke.
    pub watch_errors: Counter,
}

impl std::fmt::Debug for OperatorMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OperatorMetrics")
    }
}

impl MetricSet for OperatorMetrics {
    fn register(registry: &mut Registry) -> Self {
        // 1 ms to 33 s.
        let buckets: fn() -> Histogram = || Histogram::new(exponential_buckets(0.001, 2.0, 16));
        let set = Self {
            api_requests: Family::default(),
            reconciles: Family::default(),
            reconcile_seconds: Family::new_with_constructor(buckets),
            queue_depth: Gauge::default(),
            tenants: Family::default(),
            leader: Gauge::default(),
            watch_errors: Counter::default(),
        };
        let registry = registry.sub_registry_with_prefix("operator");
        registry.register("api_requests", "Requests to the API server", set.api_requests.clone());
        registry.register("reconciles", "Reconciles by how they ended", set.reconciles.clone());
        registry.register("reconcile_seconds", "Duration of a reconcile", set.reconcile_seconds.clone());
        registry.register("queue_depth", "Tenants that are due and wait for a worker", set.queue_depth.clone());
        registry.register("tenants", "Tenants by condition", set.tenants.clone());
        registry.register("leader", "Whether this process leads", set.leader.clone());
        registry.register("watch_errors", "Watches that broke", set.watch_errors.clone());
        set
    }
}
