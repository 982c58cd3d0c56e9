//! What clients are told while a process waits for its store: 503, in the form of every other error, instead of silence.

use std::io;
use std::os::fd::AsFd as _;
use std::time::Duration;

use axum::Router;
use confab_chassis::clock::Clock;
use confab_chassis::http::{Edge, HttpError};
use confab_chassis::serve;
use confab_chassis::telemetry::Metrics;
use confab_chassis::tenant::Tenants;
use confab_contract::ApiError;
use confab_contract::config::section::HttpConfig;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Seconds after which a client should try again.
const RETRY_SECONDS: u32 = 2;
/// How long answers that are on their way are waited for when the store is there.
const LAST_ANSWERS: Duration = Duration::from_millis(500);

/// Answers on a listener until it is closed. The listener itself goes on to the service: connections that come in between
/// wait in its queue.
pub(crate) struct WaitingRoom {
    end: CancellationToken,
    serving: JoinHandle<()>,
}

impl WaitingRoom {
    /// Begins to answer.
    pub(crate) fn open(
        public: &TcpListener,
        http: &HttpConfig,
        tenants: Tenants,
        clock: Clock,
        metrics: &Metrics,
    ) -> io::Result<Self> {
        let edge = Edge::new(tenants, http, clock, metrics);
        let app = edge.protect(Router::new().fallback(not_yet));
        let read_timeout = Duration::from_secs(http.read_timeout_seconds);
        let end = CancellationToken::new();
        let serving = serve::serve_until(twin_of(public)?, app, read_timeout, end.clone(), LAST_ANSWERS, metrics.set());
        Ok(Self { end, serving: tokio::spawn(serving) })
    }

    /// Finishes the answers that are on their way. Nobody is answered 503 after it.
    pub(crate) async fn close(self) {
        self.end.cancel();
        // A panic of the server has been logged, and is over with it.
        let _ = self.serving.await;
    }
}

/// A second handle of the same socket.
fn twin_of(listener: &TcpListener) -> io::Result<TcpListener> {
    let twin = listener.as_fd().try_clone_to_owned()?;
    TcpListener::from_std(std::net::TcpListener::from(twin))
}

async fn not_yet() -> HttpError {
    HttpError(ApiError::unavailable("The service is waiting for its database; try again soon", RETRY_SECONDS))
}
