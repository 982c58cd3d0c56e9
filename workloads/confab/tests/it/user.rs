//! Accounts, looked after from the command line while a server runs.

use std::time::Duration;

use confab_testbed::postgres;

use crate::http::{PASSWORD, get, log_in, register, token};
use crate::program::{Finished, Scratch, Up, until};

#[tokio::test]
async fn accounts_are_added_listed_suspended_and_restored_on_sqlite() {
    accounts_are_looked_after(&[]).await;
}

#[tokio::test]
async fn accounts_are_added_listed_suspended_and_restored_on_postgres() {
    let database = postgres().await.database().await;
    accounts_are_looked_after(&["--database-url", database.url()]).await;
}

async fn accounts_are_looked_after(store: &[&str]) {
    let scratch = Scratch::new();
    let tenant = scratch.tenant("demo", "localhost", "auth: {registration: Closed}");
    let up = Up::start(&scratch, "up", &[&["-f", tenant.to_str().unwrap()], store].concat()).await;
    let user = |arguments: &[&str], input: &str| -> Finished {
        let all = [&["user"], arguments, &["--tenant", "default.demo"], store].concat();
        scratch.run_with(&all, &[], input)
    };
    let ada = ["ada@example.com", "--username", "ada"];
    assert_eq!(register(&up.base, None, "ada").await.status, 403, "strangers are kept out");
    let add = [&["add"], &ada[..]].concat();
    user(&add, "password\n").badly(&["too easy to guess"]);
    user(&add, "short\n").badly(&["password: Password must be at least 8 characters"]);
    user(&["add", "ada", "--username", "ada"], PASSWORD).badly(&["email: Invalid email format"]);
    user(&add, &format!("{PASSWORD}\n")).well();
    user(&add, PASSWORD).badly(&["taken"]);
    user(&["add", "bob@example.com", "--username", "bob"], PASSWORD).well();

    let session = token(&log_in(&up.base, None, "ada").await);
    let me = format!("{}/v1/users/me", up.base);
    assert_eq!(get(&me, &session).await.status, 200);
    assert!(user(&["suspend", "ada@example.com"], "").well().contains("1 sessions"));
    let took = until("the session ends", || async { matches!(get(&me, &session).await.status, 401 | 403) }).await;
    // A second is promised; a busy machine adds to it.
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(log_in(&up.base, None, "ada").await.status, 403);

    let listed = user(&["list"], "").well();
    let line_of = |name: &str| listed.lines().find(|line| line.contains(name)).unwrap().to_owned();
    assert!(line_of("ada@").contains("suspended") && line_of("bob@").contains("active"), "{listed}");
    let page = user(&["list", "--limit", "1", "--page", "2"], "").well();
    assert!(page.contains("bob@") && !page.contains("ada@") && page.contains("2–2 of 2"), "{page}");

    user(&["restore", "ada@example.com"], "").well();
    token(&log_in(&up.base, None, "ada").await);
    user(&["suspend", "nobody@example.com"], "").badly(&["no account"]);
}

#[tokio::test]
async fn a_tenant_that_nobody_serves_gets_no_account() {
    let scratch = Scratch::new();
    let tenant = scratch.tenant("demo", "localhost", "");
    let list = ["user", "list", "--tenant", "default.demo"];
    scratch.run(&list).badly(&["holds no database yet"]);
    let _up = Up::start(&scratch, "up", &["-f".as_ref(), tenant.as_os_str()]).await;
    let add = ["user", "add", "--tenant", "default.dome", "ada@example.com", "--username", "ada"];
    scratch.run_with(&add, &[], PASSWORD).badly(&["no server has served tenant default.dome"]);
    let nowhere = postgres().await.url("nowhere");
    scratch.run(&[&list[..], &["--database-url", &nowhere]].concat()).badly(&["createdb", "does not exist"]);
    scratch.run(&["user", "list", "--tenant", "de mo"]).badly(&["<namespace>.<name>"]);
}
