//! The tour: it passes wherever a server may stand.

use confab_testbed::{RedisServer, postgres};

use crate::program::{Scratch, Up};
use crate::separate::cluster;

/// What a tour that ended well has shown.
fn is_complete(text: &str) {
    for part in ["Tour complete", "← 101", "⇐ closed: 4403", "← 401"] {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

#[tokio::test]
async fn it_passes_against_a_server_of_its_own_whatever_proxy_the_environment_names() {
    let scratch = Scratch::new();
    let tenant = scratch.tenant("demo", "localhost", "");
    let proxies = [("http_proxy", "http://127.0.0.1:9"), ("ALL_PROXY", "http://127.0.0.1:9")];
    let tour =
        scratch.run_with(&["tour".as_ref(), "--start".as_ref(), "-f".as_ref(), tenant.as_os_str()], &proxies, "");
    is_complete(&tour.well());
}

#[tokio::test]
async fn it_passes_on_postgres_and_redis() {
    let scratch = Scratch::new();
    let (database, redis) = (postgres().await.database().await, RedisServer::start().await.unwrap());
    let tenant = scratch.tenant("demo", "localhost", "");
    let redis = redis.url();
    let up = ["-f", tenant.to_str().unwrap(), "--database-url", database.url(), "--redis-url", &redis];
    let up = Up::start(&scratch, "up", &up).await;
    is_complete(&scratch.run(&["tour", "--url", &up.base]).well());
}

#[tokio::test]
async fn it_passes_against_two_of_each_separate_process() {
    let scratch = Scratch::new();
    let (database, redis) = (postgres().await.database().await, RedisServer::start().await.unwrap());
    let [m1, m2, p1, p2] = cluster(&scratch, &database, &redis).await;
    for (messaging, presence) in [(&m1, &p1), (&m2, &p2), (&m1, &p2)] {
        let tour = scratch.run(&["tour", "--url", &messaging.api, "--socket-url", &presence.api]);
        is_complete(&tour.well());
    }
}

#[tokio::test]
async fn it_says_what_is_wrong_when_there_is_no_server_or_no_socket() {
    let scratch = Scratch::new();
    let port = confab_testbed::free_port().unwrap();
    let nobody = format!("http://localhost:{port}");
    scratch.run(&["tour", "--url", &nobody]).badly(&["no answer from", &nobody]);
    scratch.run(&["tour", "--url", "localhost:8080"]).badly(&["http://"]);
    let (database, redis) = (postgres().await.database().await, RedisServer::start().await.unwrap());
    let [m1, _m2, _p1, _p2] = cluster(&scratch, &database, &redis).await;
    scratch.run(&["tour", "--url", &m1.api]).badly(&["the socket did not open: 404"]);
}
