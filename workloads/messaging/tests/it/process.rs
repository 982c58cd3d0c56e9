//! The binary itself, several at once, on Postgres and Redis.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use confab_testbed::process::{Process, Signal};
use confab_testbed::{PostgresServer, RedisServer, StopMode, free_port, postgres};
use serde_json::{Value, json};

use crate::client::{Client, PASSWORD, text};

const PATIENCE: Duration = Duration::from_mins(1);

/// A running `confab-messaging`; it ends with the test.
pub struct Messaging {
    process: Process,
    pub client: Client,
    pub ops: Client,
    log: PathBuf,
}

impl Drop for Messaging {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.signal(Signal::Kill);
    }
}

impl Messaging {
    fn start(folder: &Path, name: &str, database: &str, redis: Option<&str>) -> Self {
        let bus = redis.map_or_else(|| json!({}), |url| json!({"redis_url": url}));
        Self::start_with(folder, name, &json!({"database": {"url": database}, "bus": bus}))
    }

    /// With these sections of the Config besides those that every test has.
    pub fn start_with(folder: &Path, name: &str, sections: &Value) -> Self {
        let (port, ops) = (free_port().unwrap(), free_port().unwrap());
        let key = folder.join("master.key");
        if !key.exists() {
            confab_chassis::seal::MasterKey::generate_file(&key).unwrap();
        }
        let mut config = json!({
            "master_key_file": key,
            "http": {"listen": format!("127.0.0.1:{port}")},
            "ops": {"listen": format!("127.0.0.1:{ops}")},
            "drain": {"unready_millis": 300, "deadline_seconds": 20},
            "tenants": [{
                "id": "default.demo", "domain": "demo.example.com",
                "limits": {"authentication": {"requests": 4, "per_seconds": 600}},
            }],
        });
        config.as_object_mut().unwrap().extend(sections.as_object().unwrap().clone());
        let file = folder.join(format!("{name}.yaml"));
        std::fs::write(&file, config.to_string()).unwrap();
        let log = folder.join(format!("{name}.log"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_confab-messaging"));
        command.arg("--config").arg(&file);
        Self {
            process: Process::spawn(command, &log).unwrap(),
            client: Client::new(&format!("http://127.0.0.1:{port}"), "demo.example.com"),
            ops: Client::new(&format!("http://127.0.0.1:{ops}"), "localhost"),
            log,
        }
    }

    /// Waits until the readiness probe answers with this status.
    pub async fn until_ready_is(&mut self, status: u16) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = self.ops.try_get("/readyz").await
                && answer.status == status
            {
                return answer.body;
            }
            assert!(Instant::now() < deadline && self.process.ended().unwrap().is_none(), "{}", self.logged());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub fn logged(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

async fn register(client: &Client, name: &str) -> String {
    let body = json!({"email": format!("{name}@example.com"), "username": name, "password": PASSWORD});
    text(&client.post("/v1/auth/register", body).await.data(201)["user_id"])
}

#[tokio::test]
async fn two_processes_serve_the_same_people_and_share_limits() {
    let (folder, database, redis) =
        (tempfile::tempdir().unwrap(), postgres().await.database().await, RedisServer::start().await.unwrap());
    let start = |name| Messaging::start(folder.path(), name, database.url(), Some(&redis.url()));
    let (mut a, mut b) = (start("a"), start("b"));
    a.until_ready_is(200).await;
    b.until_ready_is(200).await;

    register(&a.client, "johndoe").await;
    let login = b.client.login("johndoe@example.com", PASSWORD, None).await;
    let token = text(&login.data(200)["access_token"]);
    a.client.with_token(&token).get("/v1/users/me").await.is(200);
    b.client.with_token(&token).post("/v1/auth/logout", json!({})).await.is(200);
    let deadline = Instant::now() + PATIENCE;
    while a.client.with_token(&token).get("/v1/users/me").await.status == 200 {
        assert!(Instant::now() < deadline, "the other process never hears of it");
    }
    a.client.login("johndoe@example.com", PASSWORD, None).await.is(200);
    b.client.login("johndoe@example.com", PASSWORD, None).await.is(200);
    a.client.login("johndoe@example.com", PASSWORD, None).await.refuses(429, "RATE_LIMIT_EXCEEDED");
    b.client.login("johndoe@example.com", PASSWORD, None).await.refuses(429, "RATE_LIMIT_EXCEEDED");

    let secrets = [PASSWORD, token.as_str(), "johndoe@example.com"];
    for process in [&a, &b] {
        let log = process.logged();
        assert!(log.contains("signed in") && secrets.iter().all(|secret| !log.contains(secret)), "{log}");
    }
}

#[tokio::test]
async fn a_process_lives_and_is_unready_while_its_database_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = PostgresServer::start().await.unwrap();
    let database = server.database().await;
    server.stop(StopMode::Fast).await.unwrap();
    let mut process = Messaging::start(folder.path(), "a", database.url(), None);
    let problems = process.until_ready_is(503).await;
    assert!(problems.to_string().contains("database"), "{problems}");
    process.ops.get("/healthz").await.is(200);

    server.start_again().await.unwrap();
    process.until_ready_is(200).await;
    register(&process.client, "johndoe").await;
    server.stop(StopMode::Fast).await.unwrap();
    let body = json!({"email": "janedoe@example.com", "username": "janedoe", "password": PASSWORD});
    let away = process.client.post("/v1/auth/register", body).await;
    away.refuses(503, "SERVICE_UNAVAILABLE");
    assert!(away.header("retry-after").is_some());
    process.until_ready_is(503).await;
    process.ops.get("/healthz").await.is(200);

    server.start_again().await.unwrap();
    process.until_ready_is(200).await;
    register(&process.client, "janedoe").await;
}

#[tokio::test]
async fn a_process_that_is_asked_to_end_finishes_what_it_has_begun() {
    let (folder, database) = (tempfile::tempdir().unwrap(), postgres().await.database().await);
    let mut process = Messaging::start(folder.path(), "a", database.url(), None);
    process.until_ready_is(200).await;
    register(&process.client, "johndoe").await;
    let in_flight = tokio::spawn({
        let client = process.client.clone();
        async move { client.login("johndoe@example.com", PASSWORD, None).await }
    });
    process.process.signal(Signal::Term).unwrap();
    let problems = process.until_ready_is(503).await;
    assert!(problems.to_string().contains("draining"), "{problems}");
    in_flight.await.unwrap().is(200);
    let status = process.process.wait(PATIENCE).await.unwrap();
    assert!(status.success(), "{}", process.logged());
}

#[test]
fn the_default_config_is_printed_and_a_bad_one_is_told() {
    let binary = env!("CARGO_BIN_EXE_confab-messaging");
    let printed = Command::new(binary).arg("--print-default-config").output().unwrap();
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), confab_messaging::DEFAULT_CONFIG);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.yaml");
    std::fs::write(&file, "http:\n  port: 80\n").unwrap();
    let refused = Command::new(binary).arg("--config").arg(&file).output().unwrap();
    let complaint = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && complaint.contains("port") && complaint.contains("line 2"), "{complaint}");
}
