//! What can be said by variables.

use std::process::Command;

use confab_testbed::{RedisServer, postgres};
use serde_json::Value;

use crate::http::get;
use crate::program::{Scratch, Up, confab};

fn up_by_environment(scratch: &Scratch, variables: &[(&str, &str)]) -> Command {
    let tenant = scratch.tenant("demo", "localhost", "");
    let mut command = confab(&["up".as_ref(), "-f".as_ref(), tenant.as_os_str()]);
    command.current_dir(scratch.path()).env("CONFAB_LISTEN", "127.0.0.1:0").env("CONFAB_OPS_LISTEN", "127.0.0.1:0");
    command.envs(variables.iter().copied());
    command
}

#[tokio::test]
async fn addresses_folder_key_and_log_are_taken_from_variables() {
    let scratch = Scratch::new();
    let variables = [
        ("CONFAB_DATA", "elsewhere"),
        ("CONFAB_MASTER_KEY_FILE", "the.key"),
        ("CONFAB_LOG", "info"),
        ("CONFAB_LOG_FORMAT", "json"),
        ("CONFAB_DRAIN_SECONDS", "1"),
    ];
    let up = Up::of(scratch.start("up", up_by_environment(&scratch, &variables))).await;
    assert_eq!(get(&format!("{}/readyz", up.ops), "").await.status, 200);
    let here = |name: &str| scratch.path().join(name).exists();
    assert!(here("elsewhere/confab.db") && here("the.key") && !here("elsewhere/master.key") && !here("confab-data"));
    let said = up.running.said();
    let lines: Vec<Value> =
        said.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["message"] == "schema migrated"), "{said}");
    assert!(said.contains("master key the.key"), "{said}");
}

#[tokio::test]
async fn postgres_and_redis_are_taken_from_variables_and_their_secrets_shown_nowhere() {
    let scratch = Scratch::new();
    let (database, redis) = (postgres().await.database().await, RedisServer::start().await.unwrap());
    let redis = redis.url();
    let variables = [("CONFAB_DATABASE_URL", database.url()), ("CONFAB_REDIS_URL", &redis), ("CONFAB_LOG", "debug")];
    let up = Up::of(scratch.start("up", up_by_environment(&scratch, &variables))).await;
    let said = up.running.said();
    assert!(said.contains("data    Postgres, wake-ups through Redis, master key ./confab-data/master.key"), "{said}");
    assert!(!scratch.path().join("confab-data/confab.db").exists());
    let password = database.url().split([':', '@']).nth(2).unwrap();
    assert!(!said.contains(password), "the password is in the log");
}
