//! `--migrate`, for init containers: brings the tables up to date and ends, with a code that says what to do.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use confab_testbed::{PostgresServer, StopMode, free_port, postgres};
use serde_json::{Value, json};

use crate::program::{Finished, Scratch, confab, sibling};
use crate::separate::{Service, master_key};

const SERVICES: [&str; 3] = ["messaging", "presence", "serve"];

fn config(scratch: &Scratch, name: &str, database: &Value) -> PathBuf {
    let config = json!({
        "master_key_file": master_key(scratch.path()), "database": database, "log": {"format": "text"},
    });
    scratch.file(&format!("{name}.yaml"), &config.to_string())
}

fn command(service: &str, config: &Path, more: &[&str]) -> Command {
    let mut command = match service {
        "serve" => confab(&["serve"]),
        service => sibling(&format!("confab-{service}"), &[] as &[&str]),
    };
    command.arg("--config").arg(config).arg("--migrate").args(more);
    command
}

async fn migrate(scratch: &Scratch, service: &str, database: &Value, more: &[&str]) -> Finished {
    let config = config(scratch, service, database);
    scratch.start(&format!("migrate-{service}"), command(service, &config, more)).ends().await
}

#[tokio::test]
async fn every_service_migrates_and_several_at_once_do_no_harm() {
    let scratch = Scratch::new();
    let database = postgres().await.database().await;
    let address = json!({"url": database.url()});
    let mut running: Vec<_> = (0..6)
        .map(|number| {
            let service = SERVICES[number % 3];
            let config = config(&scratch, &format!("m{number}"), &address);
            scratch.start(&format!("migrate{number}"), command(service, &config, &[]))
        })
        .collect();
    let mut said = String::new();
    for process in &mut running {
        said.push_str(&process.ends().await.well());
    }
    assert_eq!(said.matches("the tables are up to date").count(), 6, "{said}");
    assert_eq!(said.matches("schema migrated").count(), 3, "each step was done once: {said}");
    let service = Service::start(&scratch, "messaging", "after", database.url(), None);
    service.wait_ready().await;
}

#[tokio::test]
async fn a_database_that_comes_late_is_waited_for() {
    let scratch = Scratch::new();
    let mut server = PostgresServer::start().await.unwrap();
    let database = server.database().await;
    server.stop(StopMode::Fast).await.unwrap();
    let config = config(&scratch, "late", &json!({"url": database.url()}));
    let mut process = scratch.start("migrate", command("messaging", &config, &[]));
    process.says("waiting for the database").await;
    server.start_again().await.unwrap();
    process.ends().await.well();
}

#[tokio::test]
async fn a_database_that_does_not_come_in_time_has_an_exit_code_of_its_own() {
    let scratch = Scratch::new();
    let url = format!("postgres://confab:canary@127.0.0.1:{}/none", free_port().unwrap());
    let began = Instant::now();
    let finished = migrate(&scratch, "presence", &json!({"url": url}), &["--wait-seconds", "2"]).await;
    assert_eq!(finished.status.code(), Some(75), "{}", finished.text);
    assert!(began.elapsed() < Duration::from_secs(20));
    assert!(finished.text.contains("was not there within 2 seconds"), "{}", finished.text);
    assert!(finished.text.contains("check host and port"), "{}", finished.text);
    assert!(!finished.text.contains("canary"), "{}", finished.text);
}

#[tokio::test]
async fn what_waiting_does_not_mend_ends_at_once() {
    let scratch = Scratch::new();
    let began = Instant::now();
    let finished = migrate(&scratch, "messaging", &json!({"url": "canary"}), &[]).await;
    assert_eq!(finished.status.code(), Some(1), "{}", finished.text);
    assert!(finished.text.contains("postgres://user:password@host") || finished.text.contains("address"));
    assert!(!finished.text.contains("canary"), "{}", finished.text);
    let no_database = scratch.file("text.db", "this is no database, and long enough to look at");
    let finished = migrate(&scratch, "serve", &json!({"sqlite_file": no_database}), &[]).await;
    assert_eq!(finished.status.code(), Some(1), "{}", finished.text);
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_sqlite_file_is_made_private_and_not_touched_while_somebody_serves_from_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = Scratch::new();
    let file = scratch.path().join("data/confab.db");
    migrate(&scratch, "serve", &json!({"sqlite_file": file}), &[]).await.well();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let serving = Service::of_a_cell(&scratch, "serve", "s", &json!({"sqlite_file": file}), None, None);
    serving.wait_ready().await;
    migrate(&scratch, "serve", &json!({"sqlite_file": file}), &[]).await.badly(&["in use"]);
}
