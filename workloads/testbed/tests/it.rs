//! The testbed itself: its servers answer, survive what tests do to them, and never outlive the test process.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use confab_testbed::process::eventually;
use confab_testbed::{PostgresServer, RedisServer, StopMode, postgres};

const DEADLINE: Duration = Duration::from_secs(20);
/// Set in the child process of the last test, which starts a server and waits to be killed.
const VICTIM: &str = "CONFAB_TESTBED_VICTIM";

fn port_of(url: &str) -> u16 {
    let after_host = url.rsplit_once("127.0.0.1:").unwrap().1;
    after_host.split('/').next().unwrap().parse().unwrap()
}

fn accepts(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[tokio::test]
async fn each_test_gets_a_database_of_its_own() {
    let (one, two) = tokio::join!(async { postgres().await.database().await }, async {
        postgres().await.database().await
    });
    assert_ne!(one.url(), two.url());
    assert!(accepts(port_of(one.url())));
}

#[tokio::test]
async fn postgres_comes_back_after_each_way_of_stopping() {
    let mut server = PostgresServer::start().await.unwrap();
    for mode in [StopMode::Fast, StopMode::Immediate, StopMode::Kill] {
        server.stop(mode).await.unwrap();
        assert!(!accepts(port_of(&server.url("postgres"))), "{mode:?}");
        server.start_again().await.unwrap();
        server.database().await;
    }
}

#[tokio::test]
async fn redis_comes_back_empty() {
    let mut server = RedisServer::start().await.unwrap();
    server.flush_all().unwrap();
    server.stop().await.unwrap();
    assert!(!accepts(port_of(&server.url())));
    server.start_again().await.unwrap();
    server.flush_all().unwrap();
}

#[tokio::test]
async fn a_server_does_not_outlive_a_killed_test_process() {
    if std::env::var_os(VICTIM).is_some() {
        let server = RedisServer::start().await.unwrap();
        println!("victim {} {}", server.url(), server.log().display());
        std::future::pending::<()>().await;
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["a_server_does_not_outlive_a_killed_test_process", "--exact", "--nocapture"])
        .env(VICTIM, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (url, log) = announced(&mut child);
    let (port, folder) = (port_of(&url), Path::new(&log).parent().unwrap().to_owned());
    assert!(accepts(port) && folder.exists());
    child.kill().unwrap();
    child.wait().unwrap();
    eventually("the server ends", DEADLINE, || !accepts(port)).await.unwrap();
    eventually("its folder goes", DEADLINE, || !folder.exists()).await.unwrap();
}

fn announced(child: &mut std::process::Child) -> (String, String) {
    use std::io::BufRead as _;
    let output = std::io::BufReader::new(child.stdout.take().unwrap());
    for line in output.lines() {
        let line = line.unwrap();
        if let Some(at) = line.find("victim ") {
            let mut words = line[at..].split_whitespace().skip(1);
            return (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
        }
    }
    panic!("the child said nothing");
}
