//! Several `confab up` on one Postgres and Redis; and only one on a SQLite folder.

use confab_testbed::{RedisServer, postgres};

use crate::http::{get, log_in, register, token};
use crate::program::{Scratch, Up, confab};

#[tokio::test]
async fn two_processes_with_one_key_serve_the_same_people() {
    let scratch = Scratch::new();
    let (database, redis) = (postgres().await.database().await, RedisServer::start().await.unwrap());
    let (tenant, redis) = (scratch.tenant("demo", "localhost", ""), redis.url());
    let shared = ["-f", tenant.to_str().unwrap(), "--database-url", database.url(), "--redis-url", &redis];
    let with_key = [&shared[..], &["--master-key-file", "shared.key"]].concat();
    let a = Up::start(&scratch, "a", &[&with_key[..], &["--data", "a"]].concat()).await;
    let b = Up::start(&scratch, "b", &[&with_key[..], &["--data", "b"]].concat()).await;
    assert!(!scratch.path().join("a").exists() && scratch.path().join("shared.key").is_file());

    assert_eq!(register(&a.base, None, "johndoe").await.status, 201);
    let session = token(&log_in(&b.base, None, "johndoe").await);
    assert_eq!(get(&format!("{}/v1/users/me", a.base), &session).await.status, 200);
    let tour = scratch.run(&["tour", "--url", &a.base, "--socket-url", &b.base]).well();
    assert!(tour.contains("Tour complete"), "{tour}");

    // Without the shared key a third one would make a key of its own, which opens nothing here.
    let mut stranger = confab(&["up", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--data", "c"]);
    stranger.args(shared).current_dir(scratch.path());
    let ended = scratch.start("c", stranger).ends().await;
    ended.badly(&["the master key c/master.key does not fit this database", "--master-key-file"]);
}

#[tokio::test]
async fn a_shared_data_folder_is_a_shared_key() {
    let scratch = Scratch::new();
    let database = postgres().await.database().await;
    let tenant = scratch.tenant("demo", "localhost", "");
    let arguments = ["-f", tenant.to_str().unwrap(), "--database-url", database.url()];
    let a = Up::start(&scratch, "a", &arguments).await;
    let b = Up::start(&scratch, "b", &arguments).await;
    assert_eq!(register(&a.base, None, "johndoe").await.status, 201);
    assert_eq!(log_in(&b.base, None, "johndoe").await.status, 200);
}

#[tokio::test]
async fn a_sqlite_folder_has_one_process_and_its_key_cannot_be_swapped() {
    let scratch = Scratch::new();
    let tenant = scratch.tenant("demo", "localhost", "");
    let mut up = Up::start(&scratch, "a", &["-f".as_ref(), tenant.as_os_str()]).await;
    let second = || {
        let mut command = confab(&["up", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "-f"]);
        command.arg(&tenant).current_dir(scratch.path());
        command
    };
    scratch.start("b", second()).ends().await.badly(&["in use by another confab", "--data"]);
    up.running.stop().await;
    let key = scratch.path().join("confab-data/master.key");
    std::fs::remove_file(&key).unwrap();
    scratch.start("b", second()).ends().await.badly(&["master.key is not", "restore it from the backup"]);
    assert!(!key.exists(), "no other key takes its place");
    confab_chassis::seal::MasterKey::load_or_generate(&key).unwrap();
    scratch.start("b", second()).ends().await.badly(&["does not fit this database", "sealed by another master key"]);
}
