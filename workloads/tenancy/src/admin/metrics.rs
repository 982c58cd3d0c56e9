//! What is counted of the service.

use confab_chassis::telemetry::MetricSet;
use confab_contract::admin::RefusalReason;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(super) enum Method {
    Upsert,
    Remove,
    List,
    Describe,
    /// It was refused before anybody looked.
    Any,
}

/// What became of it; of an `Upsert`, of each tenant in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Outcome {
    Done,
    Refused(RefusalReason),
    Invalid,
    Unauthenticated,
    Unavailable,
    Failed,
}

impl EncodeLabelValue for Outcome {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        let text = match self {
            Self::Done => "Done",
            Self::Refused(reason) => reason.as_str(),
            Self::Invalid => "Invalid",
            Self::Unauthenticated => "Unauthenticated",
            Self::Unavailable => "Unavailable",
            Self::Failed => "Failed",
        };
        EncodeLabelValue::encode(&text, encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    method: Method,
    outcome: Outcome,
}

/// Calls by method and outcome. Clones share the numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct AdminMetrics {
    calls: Family<Labels, Counter>,
}

impl AdminMetrics {
    pub(super) fn count(&self, method: Method, outcome: Outcome) {
        self.calls.get_or_create(&Labels { method, outcome }).inc();
    }
}

impl MetricSet for AdminMetrics {
    fn register(registry: &mut Registry) -> Self {
        let set = Self::default();
        let help = "Calls of TenantAdmin by outcome; of Upsert, each tenant";
        registry.register("admin_calls", help, set.calls.clone());
        set
    }
}
