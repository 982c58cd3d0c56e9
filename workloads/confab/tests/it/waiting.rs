//! A start that cannot go on: it says why, answers meanwhile, and goes on by itself when it can.

use confab_testbed::{PostgresServer, StopMode, free_port, postgres};
use reqwest::Method;

use crate::http::{get, register, try_ask};
use crate::program::{Running, Scratch, confab};
use crate::separate::{Service, until_status};

/// `confab up` that is not ready, with the addresses of API and probes.
fn start(scratch: &Scratch, database: &str) -> (Running, String, String) {
    let tenant = scratch.tenant("demo", "localhost", "");
    let (api, ops) = (free_port().unwrap(), free_port().unwrap());
    let (api, ops) = (format!("127.0.0.1:{api}"), format!("127.0.0.1:{ops}"));
    let mut command = confab(&["up", "--listen", &api, "--ops-listen", &ops, "--database-url", database, "-f"]);
    command.arg(tenant).current_dir(scratch.path());
    (scratch.start("up", command), format!("http://{api}"), format!("http://{ops}"))
}

/// 503 in the form of every error, for whatever path.
async fn is_told_to_come_back(api: &str) {
    for (method, path) in [(Method::GET, "/v1/users/me"), (Method::POST, "/v1/auth/login"), (Method::GET, "/v1/ws")] {
        let answer = try_ask(method, &format!("{api}{path}"), None, "", None).await.unwrap();
        let error = &answer.body["error"];
        assert_eq!((answer.status, error["code"].as_str()), (503, Some("SERVICE_UNAVAILABLE")), "{answer:?}");
        assert!(answer.retry_after.is_some() && answer.body["request_id"].is_string(), "{answer:?}");
    }
}

#[tokio::test]
async fn a_missing_database_is_said_with_its_cure_and_waited_for() {
    let scratch = Scratch::new();
    let server = PostgresServer::start().await.unwrap();
    let (mut up, api, ops) = start(&scratch, &server.url("late"));
    up.says("waiting for the database").await;
    up.says("\\\"late\\\" does not exist").await;
    up.says("createdb").await;
    is_told_to_come_back(&api).await;
    let problems = get(&format!("{ops}/readyz"), "").await;
    assert_eq!(problems.status, 503);
    assert!(problems.body.to_string().contains("createdb"), "{problems:?}");
    assert_eq!(get(&format!("{ops}/healthz"), "").await.status, 200);
    assert_eq!(up.said().matches("createdb").count(), 1, "the same is not said each second: {}", up.said());

    server.execute("CREATE DATABASE late").unwrap();
    up.says("Confab is ready.").await;
    assert_eq!(register(&api, None, "johndoe").await.status, 201);
    up.stop().await;
}

#[tokio::test]
async fn a_wrong_password_and_settings_that_lose_commits_are_said_with_their_cures() {
    let scratch = Scratch::new();
    let url = postgres().await.database().await.url().to_owned();
    let password = url.split([':', '@']).nth(2).unwrap();
    let (mut up, ..) = start(&scratch, &url.replace(password, "canary"));
    up.says("password authentication failed").await;
    up.says("check the user and the password").await;
    assert!(!up.said().contains("canary"), "{}", up.said());
    // It can be asked to leave while it waits.
    up.stop().await;

    let unsafe_server = PostgresServer::start_with(&["fsync=off"]).await.unwrap();
    let (mut up, api, _) = start(&scratch, unsafe_server.database().await.url());
    up.says("set fsync = on").await;
    is_told_to_come_back(&api).await;
}

#[tokio::test]
async fn the_separate_processes_answer_while_they_wait_and_serve_when_the_database_is_there() {
    let scratch = Scratch::new();
    let mut server = PostgresServer::start().await.unwrap();
    let database = server.database().await;
    server.stop(StopMode::Fast).await.unwrap();
    let services = ["messaging", "presence"].map(|kind| Service::start(&scratch, kind, kind, database.url(), None));
    for service in &services {
        until_status(&format!("{}/v1/ws", service.api), 503).await;
        is_told_to_come_back(&service.api).await;
    }
    server.start_again().await.unwrap();
    for service in &services {
        service.wait_ready().await;
        let answer = get(&format!("{}/nothing", service.api), "").await;
        assert_eq!(answer.status, 404, "whoever is ready answers 503 no more: {answer:?}");
    }
    assert_eq!(register(&services[0].api, None, "johndoe").await.status, 201);
}

#[tokio::test]
async fn a_separate_process_with_another_key_ends_and_says_so() {
    let scratch = Scratch::new();
    let database = postgres().await.database().await;
    let first = Service::start(&scratch, "messaging", "first", database.url(), None);
    first.wait_ready().await;
    std::fs::remove_file(scratch.path().join("shared.key")).unwrap();
    for kind in ["messaging", "presence"] {
        let mut other = Service::start(&scratch, kind, kind, database.url(), None);
        other.running.ends().await.badly(&["sealed by another master key", "same key file"]);
    }
}
