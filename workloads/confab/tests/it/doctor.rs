//! The doctor: says what to mend, and changes nothing.

use confab_testbed::{PostgresServer, RedisServer, free_port, postgres};

use crate::program::{Finished, Scratch, Up};

/// The doctor on ports of its own.
fn doctor(scratch: &Scratch, arguments: &[&str]) -> Finished {
    let ports = [free_port(), free_port()].map(|port| format!("127.0.0.1:{}", port.unwrap()));
    let mut all = vec!["doctor", "--listen", &ports[0], "--ops-listen", &ports[1]];
    all.extend(arguments);
    scratch.run(&all)
}

/// What is to be mended, but for a scratch folder that lies in memory.
fn mends(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with("MEND") && !line.contains("file system")).collect()
}

fn is_well(finished: &Finished, parts: &[&str]) {
    assert!(mends(&finished.text).is_empty(), "{}", finished.text);
    for part in parts {
        assert!(finished.text.contains(part), "{part:?} is not in: {}", finished.text);
    }
}

#[tokio::test]
async fn on_sqlite_it_finds_all_well_before_the_first_start_and_after_it() {
    let scratch = Scratch::new();
    let tenant = scratch.tenant("demo", "localhost", "");
    let files = ["-f", tenant.to_str().unwrap()];
    is_well(&doctor(&scratch, &files), &["will be made", "1 in 1 files"]);
    assert!(!scratch.path().join("confab-data").exists(), "it makes nothing");
    let mut up = Up::start(&scratch, "up", &files).await;
    is_well(&doctor(&scratch, &files), &["SQLite 3.", "a known schema", "opens 1 signing keys"]);
    up.running.stop().await;
    is_well(&doctor(&scratch, &files), &["a known schema"]);
}

#[tokio::test]
async fn on_postgres_and_redis_it_finds_all_well_and_makes_no_table_and_no_key() {
    let scratch = Scratch::new();
    let (database, redis) = (postgres().await.database().await, RedisServer::start().await.unwrap());
    let (tenant, redis) = (scratch.tenant("demo", "localhost", ""), redis.url());
    let arguments = ["-f", tenant.to_str().unwrap(), "--database-url", database.url(), "--redis-url", &redis];
    for _ in 0..2 {
        is_well(&doctor(&scratch, &arguments), &["empty; the tables will be made", "redis: version", "database clock"]);
    }
    assert!(!scratch.path().join("confab-data").exists());
    let _up = Up::start(&scratch, "up", &arguments).await;
    is_well(&doctor(&scratch, &arguments), &["a known schema", "opens 1 signing keys", "Postgres 1"]);
    let other = [&arguments[..], &["--master-key-file", "other.key"]].concat();
    doctor(&scratch, &other).badly(&["MEND  master key", "is not there", "--master-key-file"]);
    confab_chassis::seal::MasterKey::generate_file(&scratch.path().join("other.key")).unwrap();
    doctor(&scratch, &other).badly(&["MEND  master key", "sealed by another master key"]);
}

#[tokio::test]
async fn a_wrong_password_and_a_missing_database_come_with_their_cures() {
    let scratch = Scratch::new();
    let server = postgres().await;
    let url = server.database().await.url().to_owned();
    let password = url.split([':', '@']).nth(2).unwrap();
    let wrong = url.replace(password, "canary");
    let said = doctor(&scratch, &["--database-url", &wrong])
        .badly(&["password authentication failed", "check the user and the password"]);
    assert!(!said.contains("canary"), "{said}");
    doctor(&scratch, &["--database-url", &server.url("nowhere")]).badly(&["\"nowhere\" does not exist", "createdb"]);
}

#[tokio::test]
async fn settings_that_lose_commits_a_redis_that_is_away_and_a_taken_port_must_be_mended() {
    let scratch = Scratch::new();
    let server = PostgresServer::start_with(&["fsync=off"]).await.unwrap();
    let database = server.database().await;
    let nobody = format!("redis://127.0.0.1:{}", free_port().unwrap());
    doctor(&scratch, &["--database-url", database.url(), "--redis-url", &nobody]).badly(&[
        "MEND  database",
        "fsync",
        "MEND  redis",
        "--redis-url",
    ]);
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    scratch.run(&["doctor", "--listen", &taken]).badly(&["taken by another program", "choose another with --listen"]);
}

#[tokio::test]
async fn a_tenant_file_that_is_wrong_is_named() {
    let scratch = Scratch::new();
    let file = scratch.file("wrong.yaml", "kind: [");
    doctor(&scratch, &["-f", file.to_str().unwrap()]).badly(&["MEND  tenants", "wrong.yaml"]);
}
