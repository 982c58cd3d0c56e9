//! The public listener: our own accept loop over hyper, for small buffers, time-outs, and an end in good order.
//!
//! Once a connection is upgraded to a WebSocket it is the handler's alone: nothing of this loop stays with it, neither task
//! nor buffer.

mod metrics;
mod stream;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use confab_contract::config::section::HttpConfig;
use futures_util::FutureExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

pub use self::metrics::HttpMetrics;
pub use self::stream::ClientStream;
use crate::drain::Drain;
use crate::http::client_address::PeerAddress;
use crate::telemetry::Metrics;

/// Room for the request line and headers, and for what is read at once; it grows as needed. The edge refuses heads above a
/// quarter of it in our own form; what does not even fit here gets a bare 431.
const BUFFER_BYTES: usize = 64 * 1024;
/// Pause after the system refused to give a connection, for example because there are too many open files.
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_millis(50);

/// Serves until the drain has come to its end: all requests are answered, or its deadline is past.
pub async fn serve(listener: TcpListener, app: Router, config: HttpConfig, drain: Drain, metrics: Metrics) {
    let ends = Ends::default();
    let leaving = {
        let (drain, ends) = (drain.clone(), ends.clone());
        async move {
            drain.draining().await;
            ends.draining.store(true, Ordering::Relaxed);
            drain.refusing().await;
            ends.refusing.cancel();
            drain.past_deadline().await;
            ends.cut.cancel();
        }
    };
    let read_timeout = Duration::from_secs(config.read_timeout_seconds);
    let serving = accept(listener, app, read_timeout, ends, metrics.set());
    // `leaving` ends after `serving` at the latest: then nothing is left to serve.
    let mut serving = pin!(serving);
    tokio::select! {
        () = &mut serving => {}
        () = leaving => serving.await,
    }
}

/// Serves until `stop`; what is on its way then has `last_answers` to be finished.
pub async fn serve_until(
    listener: TcpListener,
    app: Router,
    read_timeout: Duration,
    stop: CancellationToken,
    last_answers: Duration,
    metrics: HttpMetrics,
) {
    let ends = Ends { refusing: stop.clone(), ..Ends::default() };
    let cut = ends.cut.clone();
    let serving = accept(listener, app, read_timeout, ends, metrics);
    let ending = async {
        stop.cancelled().await;
        tokio::time::sleep(last_answers).await;
        cut.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = serving => {}
        () = ending => {}
    }
}

/// The three things that end connections.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ends {
    /// Replies ask clients not to send another request on this connection.
    pub(crate) draining: Arc<AtomicBool>,
    /// No new connection; idle ones are closed, busy ones after their reply.
    pub(crate) refusing: CancellationToken,
    /// Whatever is left is cut.
    pub(crate) cut: CancellationToken,
}

/// Accepts connections until `refusing`, and waits for those that are open until `cut`.
pub(crate) async fn accept(
    listener: TcpListener,
    app: Router,
    read_timeout: Duration,
    ends: Ends,
    metrics: HttpMetrics,
) {
    let connections = TaskTracker::new();
    let server = Arc::new(Server { app, read_timeout, ends, metrics });
    while let Some(accepted) = server.ends.refusing.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, peer)) => {
                connections.spawn(Arc::clone(&server).connection(stream, peer));
            }
            Err(error) => pause_after(&error).await,
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        // That client has left; the next one may be waiting.
        return;
    }
    tracing::error!(%error, "unable to accept a connection");
    tokio::time::sleep(PAUSE_AFTER_REFUSAL).await;
}

struct Server {
    app: Router,
    read_timeout: Duration,
    ends: Ends,
    metrics: HttpMetrics,
}

impl Server {
    async fn connection(self: Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        // Without it small frames wait for the client's acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        let open = self.metrics.connection();
        let (refusing, cut) = (self.ends.refusing.clone(), self.ends.cut.clone());
        let io = TokioIo::new(ClientStream::new(stream, self.read_timeout));
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(self.read_timeout).max_buf_size(BUFFER_BYTES);
        let requests = Requests { app: self.app.clone(), peer: PeerAddress(peer), ends: self.ends.clone() };
        let mut connection = pin!(builder.serve_connection(io, requests).with_upgrades());

        let result = tokio::select! {
            biased;
            result = connection.as_mut() => Some(result),
            () = refusing.cancelled() => {
                connection.as_mut().graceful_shutdown();
                cut.run_until_cancelled(connection).await
            }
        };
        drop(open);
        if let Some(Err(error)) = result {
            // Clients come and go as they like.
            tracing::trace!(%error, "a connection ended");
        }
    }
}

/// Hands the requests of one connection to the router.
struct Requests {
    app: Router,
    peer: PeerAddress,
    ends: Ends,
}

impl hyper::service::Service<Request<Incoming>> for Requests {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(ConnectInfo(self.peer));
        // A router is always ready.
        let answer = self.app.clone().call(request.map(Body::new));
        let draining = Arc::clone(&self.ends.draining);
        answer
            .map(move |result| {
                result.map(|mut response| {
                    let upgraded = response.status() == StatusCode::SWITCHING_PROTOCOLS;
                    if draining.load(Ordering::Relaxed) && !upgraded {
                        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                    }
                    response
                })
            })
            .boxed()
    }
}
