//! The binary: from a Config file to sockets, and on SIGTERM to a quiet end.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use confab_contract::socket::close::CloseReason;
use confab_testbed::free_port;
use confab_testbed::process::{Process, Signal};
use serde_json::json;

use crate::client::{Client, try_open};
use crate::world::{DEADLINE, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_binary_serves_from_its_config_and_leaves_on_sigterm() {
    let world = World::on_postgres().await;
    let [ann] = world.people().await;
    let (public, probes) = (free_port().unwrap(), free_port().unwrap());
    let mut process = start(&world, public, probes);
    let log = log_of(&world);

    let address = SocketAddr::from(([127, 0, 0, 1], public));
    let mut client = connect(address, &ann.token).await;
    client.wait_for("auth_success").await;
    process.signal(Signal::Term).unwrap();
    client.wait_for("reconnect").await;
    assert_eq!(client.closed().await, Some(CloseReason::GoingAway));
    let status = process.wait(DEADLINE).await.unwrap();
    let log = std::fs::read_to_string(log).unwrap();
    assert!(status.success(), "{log}");
    assert!(!log.contains(&ann.token), "the token is in the log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_a_client_says_is_in_the_log() {
    let world = World::on_postgres().await;
    let [ann, bob] = world.people().await;
    let conversation = world.group(&[&ann, &bob]).await;
    let (public, probes) = (free_port().unwrap(), free_port().unwrap());
    let mut process = start(&world, public, probes);
    let address = SocketAddr::from(([127, 0, 0, 1], public));
    let mut client = connect(address, &ann.token).await;
    client.wait_for("auth_success").await;
    for frame in [
        json!({"type": "auth", "token": "canary"}),
        json!({"type": "canary", "canary": "canary"}),
        json!({"type": "typing", "conversation_id": "canary", "is_typing": "canary"}),
        json!({"type": "presence_update", "status": "busy", "status_message": "canary"}),
        json!({"type": "typing", "conversation_id": conversation, "is_typing": true}),
    ] {
        client.send(frame).await;
    }
    let content = "Y2FuYXJ5"; // canary
    let seq = world.send(&bob, conversation, content).await;
    client.events(conversation, seq).await;
    client.settle().await;
    let mut stranger =
        try_open(address, "/v1/ws?token=canary", &[]).await.map_err(|response| response.status()).unwrap();
    assert_eq!(stranger.closed().await, Some(CloseReason::AuthenticationFailed));
    process.signal(Signal::Term).unwrap();
    client.closed().await;
    process.wait(DEADLINE).await.unwrap();
    let log = std::fs::read_to_string(log_of(&world)).unwrap();
    for secret in ["canary", content, ann.token.as_str()] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

/// Starts the binary on these ports.
pub fn start(world: &World, public: u16, probes: u16) -> Process {
    let confab_store::Source::Postgres(url) = &world.source else { panic!("it runs on Postgres") };
    let config = format!(
        "http: {{ listen: '127.0.0.1:{public}' }}\nops: {{ listen: '127.0.0.1:{probes}' }}\n\
         log: {{ filter: debug, format: json }}\n\
         database: {{ url: '{}' }}\nbus: {{ redis_url: '{}' }}\nmaster_key_file: '{}'\n\
         drain: {{ deadline_seconds: 10, unready_millis: 100, reconnect_jitter_millis: 100 }}\n\
         tenants:\n  - id: {}\n    domain: chat.example.com\n    extra_hosts: ['127.0.0.1']\n",
        secrecy::ExposeSecret::expose_secret(url),
        world.redis_url.as_deref().unwrap(),
        world.folder.path().join("master.key").display(),
        world.tenant,
    );
    let file = world.folder.path().join("presence.yaml");
    std::fs::write(&file, config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_confab-presence"));
    command.arg("--config").arg(&file);
    Process::spawn(command, &log_of(world)).unwrap()
}

fn log_of(world: &World) -> std::path::PathBuf {
    world.folder.path().join("presence.log")
}

/// Tries until the process listens, and serves: while it waits for its store it answers 503.
pub async fn connect(address: SocketAddr, token: &str) -> Client {
    let until = tokio::time::Instant::now() + DEADLINE;
    loop {
        assert!(tokio::time::Instant::now() < until, "it never serves");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        if tokio::net::TcpStream::connect(address).await.is_err() {
            continue;
        }
        match try_open(address, &format!("/v1/ws?token={token}"), &[]).await {
            Err(response) if response.status() == 503 => {}
            opened => return opened.map_err(|response| response.status()).unwrap(),
        }
    }
}

#[test]
fn the_default_config_is_printed() {
    let output = Command::new(env!("CARGO_BIN_EXE_confab-presence"))
        .arg("--print-default-config")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), confab_presence::DEFAULT_CONFIG);
}
