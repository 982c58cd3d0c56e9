//! What the public listener counts.

use std::time::Duration;

use axum::http::StatusCode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::telemetry::MetricSet;

/// Requests and connections. Clones share the numbers.
#[derive(Debug, Clone)]
pub struct HttpMetrics {
    /// By class of status, from 1xx to 5xx; looked up once, not at each request.
    requests: [Counter; 5],
    in_flight: Gauge,
    seconds: Histogram,
    connections: Gauge,
}

impl MetricSet for HttpMetrics {
    fn register(registry: &mut Registry) -> Self {
        let requests = Family::<[(&'static str, &'static str); 1], Counter>::default();
        let of = |class| requests.get_or_create(&[("status", class)]).clone();
        let set = Self {
            requests: [of("1xx"), of("2xx"), of("3xx"), of("4xx"), of("5xx")],
            in_flight: Gauge::default(),
            // 0.25 ms to 8 s.
            seconds: Histogram::new(exponential_buckets(0.000_25, 2.0, 16)),
            connections: Gauge::default(),
        };
        registry.register("http_requests", "Requests answered, by class of status", requests);
        registry.register("http_requests_in_flight", "Requests being answered", set.in_flight.clone());
        registry.register("http_request_seconds", "Seconds until a request was answered", set.seconds.clone());
        registry.register("http_connections", "Open connections that are not upgraded", set.connections.clone());
        set
    }
}

impl HttpMetrics {
    /// A request has begun.
    pub(crate) fn begin(&self) -> InFlight<'_> {
        self.in_flight.inc();
        InFlight(self)
    }

    /// A connection is open for as long as the result lives.
    pub(crate) fn connection(&self) -> Open {
        self.connections.inc();
        Open(self.connections.clone())
    }
}

/// Counts a request as being answered, also when its client leaves before the answer.
pub(crate) struct InFlight<'a>(&'a HttpMetrics);

impl InFlight<'_> {
    /// It was answered.
    pub(crate) fn end(self, status: StatusCode, elapsed: Duration) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        self.0.requests[class].inc();
        self.0.seconds.observe(elapsed.as_secs_f64());
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.dec();
    }
}

/// An open connection.
pub(crate) struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}
