//! Where the service is asked: connections, TLS, and their bounds.

mod placed;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use confab_chassis::drain::Drain;
use futures_util::Stream;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic::transport::server::Connected;

use super::GuardedService;
use super::certificate::Certificate;

/// Connections at most; an operator needs one or two.
const CONNECTIONS: usize = 64;
/// Calls on one connection at the same time.
const CALLS: usize = 16;
/// A handshake that takes longer is given up.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// A call that takes longer is given up.
const CALL: Duration = Duration::from_secs(30);
/// Silent connections are tried this often, and closed when nothing answers.
const KEEPALIVE: Duration = Duration::from_secs(20);
/// Calls that are under way when the process leaves have this long.
const LAST_ANSWERS: Duration = Duration::from_secs(5);
/// After the system refused to give a connection.
const PAUSE: Duration = Duration::from_millis(50);

/// Answers until the process refuses new work.
pub(super) async fn serve(
    listener: TcpListener,
    service: GuardedService,
    certificate: Option<Arc<Certificate>>,
    drain: Drain,
) {
    let stop = CancellationToken::new();
    let _stopped = stop.clone().drop_guard();
    let ended = match certificate {
        None => serve_on(accept(listener, stop.clone(), Plain), service, &drain).await,
        Some(certificate) => match certificate.server_config() {
            Ok(config) => {
                let fresh = stop.clone();
                tokio::spawn(async move { certificate.keep_fresh(fresh).await });
                let handshake = Tls(TlsAcceptor::from(Arc::new(config)));
                serve_on(accept(listener, stop.clone(), handshake), service, &drain).await
            }
            Err(error) => {
                tracing::error!(%error, "TenantAdmin cannot be served with TLS 1.3");
                return;
            }
        },
    };
    if let Err(error) = ended {
        tracing::error!(error = &error as &dyn std::error::Error, "TenantAdmin ended");
    }
}

async fn serve_on<I: Secured>(
    incoming: impl Stream<Item = io::Result<Placed<I>>>,
    service: GuardedService,
    drain: &Drain,
) -> Result<(), tonic::transport::Error> {
    let server = Server::builder()
        .concurrency_limit_per_connection(CALLS)
        .timeout(CALL)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(HANDSHAKE));
    let serving = server.serve_with_incoming_shutdown(service, incoming, drain.refusing());
    let overtime = async {
        drain.refusing().await;
        tokio::time::sleep(LAST_ANSWERS).await;
    };
    tokio::select! {
        ended = serving => ended,
        () = overtime => Ok(()),
    }
}

/// A connection on which requests come.
trait Secured: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static {}

impl<I: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static> Secured for I {}

/// What happens between a connection and the first request on it.
trait Handshake: Clone + Send + Sync + 'static {
    type Secured: Secured;

    fn shake(&self, stream: TcpStream) -> impl Future<Output = io::Result<Self::Secured>> + Send;
}

#[derive(Clone)]
struct Plain;

impl Handshake for Plain {
    type Secured = TcpStream;

    async fn shake(&self, stream: TcpStream) -> io::Result<TcpStream> {
        Ok(stream)
    }
}

#[derive(Clone)]
struct Tls(TlsAcceptor);

impl Handshake for Tls {
    type Secured = tokio_rustls::server::TlsStream<TcpStream>;

    async fn shake(&self, stream: TcpStream) -> io::Result<Self::Secured> {
        self.0.accept(stream).await
    }
}

/// Connections after their handshake. Whoever is slow at it holds up nobody else.
fn accept<H: Handshake>(
    listener: TcpListener,
    stop: CancellationToken,
    handshake: H,
) -> impl Stream<Item = io::Result<Placed<H::Secured>>> {
    let (ready, waiting) = mpsc::channel(CONNECTIONS);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    tokio::spawn(stop.run_until_cancelled_owned(async move {
        loop {
            // The semaphore is never closed.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::debug!(%error, "unable to accept a connection of TenantAdmin");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            let _ = stream.set_nodelay(true);
            let (handshake, ready) = (handshake.clone(), ready.clone());
            tokio::spawn(async move {
                match tokio::time::timeout(HANDSHAKE, handshake.shake(stream)).await {
                    Ok(Ok(stream)) => {
                        // Nobody waits for it any more when the process leaves.
                        let _ = ready.send(Ok(Placed { stream, _place: place })).await;
                    }
                    Ok(Err(error)) => tracing::debug!(%error, "a handshake with TenantAdmin failed"),
                    Err(_) => tracing::debug!("a handshake with TenantAdmin took too long"),
                }
            });
        }
    }));
    futures_util::stream::unfold(waiting, |mut waiting| async move {
        let next = waiting.recv().await?;
        Some((next, waiting))
    })
}

/// A connection with its place among those that are allowed.
struct Placed<I> {
    stream: I,
    _place: OwnedSemaphorePermit,
}
