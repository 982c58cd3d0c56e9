//! `confab serve`: REST and WebSocket in one process from a Config file, and what may change while it runs.

use confab_contract::admin::v1::{RemoveMode, RemovedState};
use confab_contract::socket::close::CloseReason;
use confab_testbed::{PostgresServer, RedisServer};
use serde_json::json;

use crate::http::{get, log_in, register, token};
use crate::operator::{Operator, guest, host_record, operator_key};
use crate::program::{Scratch, confab, until};
use crate::separate::Service;
use crate::socket::Socket;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_on_sqlite_serves_both_and_hears_the_operator() {
    let (scratch, key) = (Scratch::new(), operator_key());
    let file = scratch.path().join("data/confab.db");
    let database = json!({"sqlite_file": file});
    let mut pod = Service::of_a_cell(&scratch, "serve", "pod", &database, None, Some(&key));
    pod.wait_ready().await;
    let mut operator = Operator::at(pod.admin.as_deref().unwrap(), &key).await;
    operator.serves(&[host_record(), guest("one")]).await;
    let host = Some("one.example.com");
    assert_eq!(register(&pod.api, host, "ada").await.status, 201);
    let token = token(&log_in(&pod.api, host, "ada").await);
    let mut socket = Socket::open(&pod.api, "one.example.com", &token).await;
    socket.wait_for("auth_success").await;

    // Nobody else serves from the same folder.
    let other = Service::of_a_cell(&scratch, "serve", "other", &database, None, None).running.ends().await;
    other.badly(&["in use by another confab"]);

    assert_eq!(operator.remove(&guest("one"), RemoveMode::Retain).await, RemovedState::Retained);
    assert_eq!(socket.closed().await, Some(CloseReason::NotServed.code()));
    pod.running.stop().await;
    // After a restart it is as it was, without another word of the operator's.
    let again = Service::of_a_cell(&scratch, "serve", "again", &database, None, Some(&key));
    again.wait_ready().await;
    assert_eq!(register(&again.api, host, "bob").await.status, 404);
    assert_eq!(register(&again.api, Some("host.example.com"), "bob").await.status, 201);
}

#[test]
fn the_default_config_is_printed_and_a_bad_one_is_told() {
    let scratch = Scratch::new();
    assert_eq!(scratch.run(&["serve", "--print-default-config"]).well(), confab::serve::DEFAULT_CONFIG);
    let bad = scratch.file("bad.yaml", "tenant_source: stor\n");
    let text = scratch.run(&["serve".as_ref(), "--config".as_ref(), bad.as_os_str()]).badly(&["tenant_source"]);
    assert!(text.starts_with("confab serve: "), "{text}");
    let missing = scratch.run(&["serve"]).badly(&["--config"]);
    assert!(missing.contains("required"), "{missing}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_password_of_the_database_is_used_without_a_restart() {
    let scratch = Scratch::new();
    let server = PostgresServer::start().await.unwrap();
    let superuser = server.database().await;
    let name = superuser.url().rsplit('/').next().unwrap().to_owned();
    server.execute(&format!("CREATE ROLE app LOGIN PASSWORD 'first'; ALTER DATABASE {name} OWNER TO app")).unwrap();
    let (_, place) = superuser.url().rsplit_once('@').unwrap();
    let address = |password: &str| format!("postgres://app:{password}@{place}");
    let file = scratch.file("database-url", &address("first"));
    let redis = RedisServer::start().await.unwrap();
    let service = Service::of_a_cell(&scratch, "serve", "pod", &json!({"url_file": file}), Some(&redis), None);
    service.wait_ready().await;

    server.execute("ALTER ROLE app PASSWORD 'second'").unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'";
    server.execute(cut).unwrap();
    let ready = || async { get(&format!("{}/readyz", service.ops), "").await.status == 200 };
    until("it is shut out", || async { !ready().await }).await;
    // As the kubelet does: another file takes the place of the old one.
    std::fs::rename(scratch.file("new", &address("second")), scratch.path().join("database-url")).unwrap();
    until("it uses the new password", ready).await;
    let said = service.running.said();
    assert!(said.contains("another address of the database"), "{said}");
    assert!(!said.contains("second") && !said.contains("first"), "{said}");
}

#[test]
fn it_is_among_the_commands() {
    let output = confab(&["--help"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.lines().any(|line| line.trim_start().starts_with("serve ")), "{text}");
}
