//! The listener for probes, metrics and the log filter. It is not for the public.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::health::Health;
use crate::http::error::chain;
use crate::serve::serve_until;
use crate::telemetry::{LogControl, Metrics};

/// How long a prober may take to send its request.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How long open requests are waited for at the end.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// Longer filters are refused.
const FILTER_BYTES: usize = 4096;

/// What the listener shows and changes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ops {
    /// Whether the process is ready.
    pub health: Health,
    /// Its numbers.
    pub metrics: Metrics,
    /// What it logs; `None` when that is not to be changed.
    pub log: Option<LogControl>,
}

/// Serves `/healthz`, `/readyz`, `/metrics` and `/log-filter` until `stop`. Stop it last: probes go on while a process drains.
pub async fn serve(listener: TcpListener, ops: Ops, stop: CancellationToken) -> io::Result<()> {
    // Counted apart from the public listener, that is not at all.
    let uncounted = Metrics::new().set();
    serve_until(listener, router(ops), READ_TIMEOUT, stop, LAST_ANSWERS, uncounted).await;
    Ok(())
}

/// The routes, for a test or a listener of another's.
pub fn router(ops: Ops) -> Router {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(numbers))
        .route("/log-filter", get(log_filter).put(set_log_filter))
        .layer(DefaultBodyLimit::max(FILTER_BYTES))
        .with_state(ops)
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

/// What is logged, as `log.filter` of the Config spells it.
async fn log_filter(State(ops): State<Ops>) -> Response {
    match &ops.log {
        Some(log) => format!("{}\n", log.filter()).into_response(),
        None => (StatusCode::NOT_FOUND, "the log of this process has no filter to be changed\n").into_response(),
    }
}

/// Another filter until the process ends: the body is its text.
async fn set_log_filter(state: State<Ops>, filter: String) -> Response {
    match state.log.as_ref().map(|log| log.set_filter(&filter)) {
        Some(Err(error)) => (StatusCode::BAD_REQUEST, format!("{}\n", chain(&error))).into_response(),
        Some(Ok(())) | None => log_filter(state).await,
    }
}
