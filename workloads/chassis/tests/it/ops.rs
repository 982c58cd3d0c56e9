//! Probes and metrics.

use confab_chassis::health::Health;
use confab_chassis::ops::{self, Ops};
use confab_chassis::telemetry::Metrics;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::fixture::get;

fn ops_of(health: Health) -> Ops {
    Ops { health, metrics: Metrics::new(), log: None }
}

#[tokio::test]
async fn alive_does_not_mean_ready() {
    let health = Health::new(&["database"]);
    let app = ops::router(ops_of(health.clone()));
    assert_eq!(get(&app, "/healthz").await.status, 200);
    let unready = get(&app, "/readyz").await;
    assert_eq!(unready.status, 503);
    assert_eq!(unready.json()["problems"], json!([{ "part": "database", "message": "has not reported yet" }]));
    health.report("database", Ok(()));
    assert_eq!(get(&app, "/readyz").await.json(), json!({ "ready": true, "problems": [] }));
    health.start_draining();
    assert_eq!(get(&app, "/readyz").await.status, 503);
    assert_eq!(get(&app, "/healthz").await.status, 200);
}

#[tokio::test]
async fn metrics_are_open_metrics_text() {
    let answer = get(&ops::router(ops_of(Health::new(&[]))), "/metrics").await;
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    assert!(answer.text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn it_serves_until_it_is_stopped() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(ops::serve(listener, ops_of(Health::new(&[])), stop.clone()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut reply = [0; 15];
    stream.read_exact(&mut reply).await.unwrap();
    assert_eq!(&reply, b"HTTP/1.1 200 OK");
    stop.cancel();
    serving.await.unwrap().unwrap();
}
