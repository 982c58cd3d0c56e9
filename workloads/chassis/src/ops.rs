//! The listener for probes and metrics. It is not for the public.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::health::Health;
use crate::serve::serve_until;
use crate::telemetry::Metrics;

/// How long a prober may take to send its request.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How long open requests are waited for at the end.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

#[derive(Clone)]
struct Ops {
    health: Health,
    metrics: Metrics,
}

/// Serves `/healthz`, `/readyz` and `/metrics` until `stop`. Stop it last: probes go on while a process drains.
pub async fn serve(listener: TcpListener, health: Health, metrics: Metrics, stop: CancellationToken) -> io::Result<()> {
    // Counted apart from the public listener, that is not at all.
    let uncounted = Metrics::new().set();
    serve_until(listener, router(health, metrics), READ_TIMEOUT, stop, LAST_ANSWERS, uncounted).await;
    Ok(())
}

/// The routes, for a test or a listener of another's.
pub fn router(health: Health, metrics: Metrics) -> Router {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(numbers))
        .with_state(Ops { health, metrics })
}

/// The process lives: it can answer. Whether its dependencies live is not asked, or their outage would restart it.
async fn alive() -> &'static str {
    "ok\n"
}

async fn ready(State(ops): State<Ops>) -> Response {
    match ops.health.ready() {
        Ok(()) => axum::Json(json!({ "ready": true, "problems": [] })).into_response(),
        Err(problems) => {
            let body = axum::Json(json!({ "ready": false, "problems": problems }));
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}

async fn numbers(State(ops): State<Ops>) -> Response {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], ops.metrics.encode()).into_response()
}
