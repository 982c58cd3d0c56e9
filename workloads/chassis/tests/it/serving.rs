//! The accept loop over real connections: keep-alive, upgrades, limits, and a drain in good order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::routing::{get, post};
use confab_chassis::drain::{Drain, Phase};
use confab_chassis::http::Json;
use confab_chassis::serve;
use confab_contract::config::section::{DrainConfig, HttpConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::fixture::{HOST, Service};

struct Running {
    address: SocketAddr,
    drain: Drain,
    /// Lets the slow handler go on.
    release: Arc<Notify>,
    /// Tells that the slow handler has begun.
    begun: Arc<Notify>,
    server: JoinHandle<()>,
}

async fn start(http: HttpConfig, drain: DrainConfig) -> Running {
    let (release, begun) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let mut service = Service::new();
    service.http = http.clone();
    let slow = get(|State((release, begun)): State<(Arc<Notify>, Arc<Notify>)>| async move {
        begun.notify_one();
        release.notified().await;
        "slow"
    });
    let routes = Router::new()
        .route("/v1/fast", get(async || "fast"))
        .route("/v1/large", get(async || "x".repeat(64 * 1024 * 1024)))
        .route("/v1/mute", post(async |Json(_): Json<confab_contract::rest::conversations::MuteRequest>| "muted"))
        .route(
            "/v1/ws",
            get(async |upgrade: WebSocketUpgrade| {
                upgrade.on_upgrade(async |mut socket| {
                    while let Some(Ok(Message::Text(text))) = socket.recv().await {
                        if socket.send(Message::Text(text)).await.is_err() {
                            break;
                        }
                    }
                })
            }),
        )
        .merge(Router::new().route("/v1/slow", slow).with_state((Arc::clone(&release), Arc::clone(&begun))));
    let app = service.protect(routes);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let drain = Drain::new(drain);
    let server = tokio::spawn(serve::serve(listener, app, http, drain.clone(), service.metrics.clone()));
    Running { address, drain, release, begun, server }
}

fn patient() -> DrainConfig {
    DrainConfig { deadline_seconds: 60, unready_millis: 0, reconnect_jitter_millis: 0 }
}

async fn connect(running: &Running) -> TcpStream {
    TcpStream::connect(running.address).await.unwrap()
}

async fn write(stream: &mut TcpStream, path: &str) {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes()).await.unwrap();
}

/// Reads one reply with a Content-Length.
async fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        let read = stream.read_buf(&mut bytes).await.unwrap();
        assert!(read > 0, "closed in the middle of {text:?}");
    }
}

async fn is_closed(stream: &mut TcpStream) -> bool {
    stream.read(&mut [0; 1]).await.map_or(true, |read| read == 0)
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let running = start(HttpConfig::default(), patient()).await;
    let mut stream = connect(&running).await;
    for _ in 0..3 {
        write(&mut stream, "/v1/fast").await;
        let reply = read(&mut stream).await;
        assert!(reply.starts_with("HTTP/1.1 200 OK") && reply.ends_with("fast"), "{reply}");
    }
}

#[tokio::test]
async fn what_is_in_flight_is_finished_and_idle_connections_are_closed() {
    let running = start(HttpConfig::default(), patient()).await;
    let (mut busy, mut idle) = (connect(&running).await, connect(&running).await);
    write(&mut idle, "/v1/fast").await;
    read(&mut idle).await;
    write(&mut busy, "/v1/slow").await;
    running.begun.notified().await;

    running.drain.begin();
    running.drain.refusing().await;
    assert!(is_closed(&mut idle).await, "an idle connection is closed");
    running.release.notify_one();
    let reply = read(&mut busy).await;
    assert!(reply.ends_with("slow"), "{reply}");
    assert!(reply.to_ascii_lowercase().contains("connection: close"), "{reply}");
    assert!(is_closed(&mut busy).await);
    running.server.await.unwrap();
    assert!(TcpStream::connect(running.address).await.is_err(), "nobody listens any more");
    assert_eq!(running.drain.phase(), Phase::Refusing, "it did not wait for the deadline");
}

#[tokio::test]
async fn while_draining_requests_are_served_and_clients_asked_to_leave() {
    let slow_drain = DrainConfig { unready_millis: 50_000, ..patient() };
    let running = start(HttpConfig::default(), slow_drain).await;
    let mut old = connect(&running).await;
    write(&mut old, "/v1/fast").await;
    assert!(!read(&mut old).await.to_ascii_lowercase().contains("connection: close"));
    running.drain.begin();
    // The server's task learns of it a moment later; the first reply that says so ends the connection.
    loop {
        let mut stream = connect(&running).await;
        write(&mut stream, "/v1/fast").await;
        let reply = read(&mut stream).await;
        assert!(reply.ends_with("fast"), "{reply}");
        if reply.to_ascii_lowercase().contains("connection: close") {
            assert!(is_closed(&mut stream).await);
            break;
        }
    }
    write(&mut old, "/v1/fast").await;
    assert!(read(&mut old).await.to_ascii_lowercase().contains("connection: close"));
}

#[tokio::test]
async fn what_does_not_finish_is_cut_at_the_deadline() {
    let running = start(HttpConfig::default(), patient()).await;
    let mut stuck = connect(&running).await;
    write(&mut stuck, "/v1/slow").await;
    running.begun.notified().await;
    running.drain.begin();
    running.drain.refusing().await;
    running.drain.cut_short();
    running.server.await.unwrap();
    assert!(is_closed(&mut stuck).await);
}

#[tokio::test]
async fn an_upgraded_connection_is_its_handlers_and_outlives_the_listener() {
    let running = start(HttpConfig::default(), patient()).await;
    let mut stream = connect(&running).await;
    let upgrade = format!(
        "GET /v1/ws HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(upgrade.as_bytes()).await.unwrap();
    let reply = read(&mut stream).await;
    assert!(reply.starts_with("HTTP/1.1 101"), "{reply}");
    assert!(reply.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{reply}");

    running.drain.begin();
    running.server.await.unwrap();
    // "hi" from a client, masked with zeros; then the same from the server.
    stream.write_all(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']).await.unwrap();
    let mut frame = [0; 4];
    stream.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame, [0x81, 2, b'h', b'i']);
}

#[tokio::test]
async fn the_first_signal_begins_the_drain_and_the_second_ends_it() {
    let drain = Drain::new(DrainConfig { unready_millis: 50_000, ..patient() });
    drain.listen_for_signals().unwrap();
    let terminate = || std::process::Command::new("sh").args(["-c", "kill -TERM $PPID"]).status().unwrap();
    terminate();
    drain.draining().await;
    assert_eq!(drain.phase(), Phase::Draining);
    terminate();
    drain.past_deadline().await;
}

#[tokio::test]
async fn headers_that_are_too_large_are_refused_and_in_our_form_if_they_can_be_read() {
    let running = start(HttpConfig::default(), patient()).await;
    for (bytes, status) in [(20_000, "HTTP/1.1 400"), (1_000_000, "HTTP/1.1 431")] {
        let mut stream = connect(&running).await;
        let head = format!("GET /v1/fast HTTP/1.1\r\nHost: {HOST}\r\nX-Large: {}\r\n\r\n", "a".repeat(bytes));
        // A server that has read enough may hang up before all is written.
        let _ = stream.write_all(head.as_bytes()).await;
        let mut reply = vec![0; 12];
        stream.read_exact(&mut reply).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&reply), status);
    }
}

#[tokio::test]
async fn a_client_that_writes_too_much_still_gets_its_answer() {
    let running = start(HttpConfig::default(), patient()).await;
    let mut stream = connect(&running).await;
    let length = 1024 * 1024;
    let head = format!(
        "POST /v1/mute HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'a'; length]).await.unwrap();
    let reply = read(&mut stream).await;
    assert!(reply.starts_with("HTTP/1.1 413") && reply.contains("PAYLOAD_TOO_LARGE"), "{reply}");
}

fn hasty() -> HttpConfig {
    HttpConfig { read_timeout_seconds: 1, ..HttpConfig::default() }
}

#[tokio::test]
async fn a_client_that_does_not_finish_its_headers_is_closed() {
    let running = start(hasty(), patient()).await;
    let mut stream = connect(&running).await;
    stream.write_all(b"GET /v1/fast HTTP/1.1\r\nHost: ").await.unwrap();
    let closed = tokio::time::timeout(Duration::from_secs(20), is_closed(&mut stream)).await;
    assert_eq!(closed, Ok(true));
}

#[tokio::test]
async fn a_client_that_sends_its_request_byte_by_byte_is_closed_in_time() {
    let running = start(hasty(), patient()).await;
    let body = "POST /v1/mute HTTP/1.1\r\nHost: chat\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n";
    for start in ["", body] {
        let mut stream = connect(&running).await;
        stream.write_all(start.as_bytes()).await.unwrap();
        let dripping = async {
            // Each byte is progress; what counts is when the whole is there.
            while stream.write_all(b"a").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        assert_eq!(tokio::time::timeout(Duration::from_secs(20), dripping).await, Ok(()), "{start}");
    }
}

#[tokio::test]
async fn a_client_that_reads_byte_by_byte_is_closed() {
    let running = start(hasty(), patient()).await;
    let mut stream = connect(&running).await;
    write(&mut stream, "/v1/large").await;
    running.drain.begin();
    let dripping = async {
        while stream.read_u8().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let ended = async {
        tokio::select! {
            _ = running.server => true,
            () = dripping => false,
        }
    };
    assert_eq!(tokio::time::timeout(Duration::from_secs(20), ended).await, Ok(true));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_closed() {
    let running = start(hasty(), patient()).await;
    let mut stream = connect(&running).await;
    write(&mut stream, "/v1/large").await;
    running.drain.begin();
    // The reply does not fit into the buffers of the system, and nobody reads it: only the time-out ends this.
    let ended = tokio::time::timeout(Duration::from_secs(20), running.server).await;
    assert!(ended.is_ok());
}
