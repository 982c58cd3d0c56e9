//! Log lines and metrics.

mod log;
mod metrics;

pub use log::{LogControl, TelemetryError, init};
pub use metrics::{MetricSet, Metrics};
/// The crate behind [`Metrics`], for its metric types and label derives.
pub use prometheus_client;
