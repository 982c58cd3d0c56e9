//! Which tenant a request is for.

use crate::http::{log_in, register};
use crate::program::{Scratch, Up};

#[tokio::test]
async fn two_tenants_of_two_files_are_told_apart_by_the_host_name() {
    let scratch = Scratch::new();
    let (acme, globex) =
        (scratch.tenant("acme", "acme.localhost", ""), scratch.tenant("globex", "globex.localhost", ""));
    let up = Up::start(&scratch, "up", &["-f".as_ref(), acme.as_os_str(), "-f".as_ref(), globex.as_os_str()]).await;
    let port = up.base.rsplit_once(':').unwrap().1;
    let base = format!("http://127.0.0.1:{port}");
    assert_eq!(register(&base, Some("acme.localhost"), "johndoe").await.status, 201);
    assert_eq!(log_in(&base, Some("acme.localhost"), "johndoe").await.status, 200);
    assert_eq!(log_in(&base, Some("globex.localhost"), "johndoe").await.status, 401);
    assert_eq!(register(&base, Some("globex.localhost"), "johndoe").await.status, 201);
    assert_eq!(log_in(&base, None, "johndoe").await.status, 404, "nobody answers at an address that all share");
    // Also where the resolver knows no names below localhost.
    for tenant in ["acme", "globex"] {
        let tour = scratch.run(&["tour", "--url", &format!("http://{tenant}.localhost:{port}")]).well();
        assert!(tour.contains("Tour complete"), "{tour}");
    }
}

#[tokio::test]
async fn an_only_tenant_answers_at_the_address_that_is_listened_on() {
    let scratch = Scratch::new();
    let tenant = scratch.tenant("demo", "chat.example.com", "");
    let mut command = crate::program::confab(&["up", "--listen", "127.0.0.2:0", "--ops-listen", "127.0.0.1:0", "-f"]);
    command.arg(tenant).current_dir(scratch.path());
    let up = Up::of(scratch.start("up", command)).await;
    assert!(up.base.starts_with("http://127.0.0.2:"), "{}", up.base);
    assert_eq!(register(&up.base, None, "johndoe").await.status, 201);
}

#[tokio::test]
async fn what_a_flag_does_instead_of_the_file_is_said_and_not_when_the_flag_is_there() {
    let scratch = Scratch::new();
    let more =
        "placement: {mode: Dedicated}\n  database: {postgres: {secretRef: {name: x}}}\n  redis: {secretRef: {name: x}}";
    let tenant = scratch.tenant("demo", "localhost", more);
    let validated = scratch.run(&["validate".as_ref(), "-f".as_ref(), tenant.as_os_str()]).well();
    let mut up = Up::start(&scratch, "up", &["-f".as_ref(), tenant.as_os_str()]).await;
    let doctor = scratch.run(&["doctor".as_ref(), "-f".as_ref(), tenant.as_os_str()]);
    for text in [validated, up.running.said(), doctor.text] {
        assert!(
            text.contains("--database-url") && text.contains("--redis-url") && text.contains("spec.placement"),
            "{text}"
        );
    }
    up.running.stop().await;
    let redis = confab_testbed::RedisServer::start().await.unwrap().url();
    let up = Up::start(&scratch, "up", &["-f", tenant.to_str().unwrap(), "--redis-url", &redis]).await;
    assert!(!up.running.said().contains("--redis-url") && up.running.said().contains("--database-url"));
}
