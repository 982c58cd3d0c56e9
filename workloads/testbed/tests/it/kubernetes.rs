//! API servers: ready, separate, breakable.

use std::process::{Command, Output};
use std::time::Duration;

use confab_testbed::kubernetes;
use confab_testbed::kubernetes::{ApiServer, Options, WORKLOADS};
use confab_testbed::process::eventually;
use serde_json::Value;

const DEADLINE: Duration = Duration::from_secs(30);

fn run(mut kubectl: Command, arguments: &str) -> Output {
    kubectl.args(arguments.split_whitespace()).output().unwrap()
}

/// What kubectl prints as the user who may do everything.
fn printed(server: &ApiServer, arguments: &str) -> String {
    let output = run(server.kubectl(), arguments);
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What kubectl complains of.
fn refusal(kubectl: Command, arguments: &str) -> String {
    let output = run(kubectl, arguments);
    assert!(!output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

/// The version of an object, from which a watch can go on.
fn version(server: &ApiServer, object: &str) -> String {
    printed(server, &format!("get {object} -o jsonpath={{.metadata.resourceVersion}}"))
}

#[tokio::test]
async fn the_shared_server_is_ready_and_each_test_has_its_namespace() {
    let server = kubernetes().await;
    let (one, other) = (server.namespace().await, server.namespace().await);
    assert_ne!(one.name(), other.name());
    printed(server, &format!("create configmap kept -n {} --from-literal=a=1", one.name()));
    assert_eq!(printed(server, &format!("get configmap kept -n {} -o jsonpath={{.data.a}}", one.name())), "1");
    assert_eq!(printed(server, &format!("get configmap kept -n {} --ignore-not-found", other.name())), "");
    assert!(server.audit_log().is_none());
}

#[tokio::test]
async fn namespaces_end_with_all_that_is_in_them_and_dependents_go_with_their_owners() {
    let server = kubernetes().await;
    let namespace = server.namespace().await;
    let namespace = namespace.name();
    printed(server, &format!("create configmap owner -n {namespace}"));
    let owner = printed(server, &format!("get configmap owner -n {namespace} -o jsonpath={{.metadata.uid}}"));
    printed(server, &format!("create configmap dependent -n {namespace}"));
    let patch = format!(
        r#"{{"metadata":{{"ownerReferences":[{{"apiVersion":"v1","kind":"ConfigMap","name":"owner","uid":"{owner}"}}]}}}}"#
    );
    printed(server, &format!("patch configmap dependent -n {namespace} -p {patch}"));
    printed(server, &format!("delete configmap owner -n {namespace}"));
    printed(server, &format!("wait --for=delete configmap/dependent -n {namespace} --timeout=30s"));
    printed(server, &format!("delete namespace {namespace} --timeout=30s"));
}

#[tokio::test]
async fn a_user_may_do_what_rbac_allows_and_nothing_else() {
    let server = kubernetes().await;
    let namespace = server.namespace().await;
    let list = format!("get configmaps -n {}", namespace.name());
    let (user, member) = (server.user("reader", None).unwrap(), server.user("stranger", Some("readers")).unwrap());
    for identity in [&user, &member] {
        let refusal = refusal(identity.kubectl(), &list);
        assert!(refusal.contains("Forbidden"), "{refusal}");
    }
    printed(server, &format!("create role read -n {} --verb=list --resource=configmaps", namespace.name()));
    let bind = format!("create rolebinding read -n {} --role=read --user=reader --group=readers", namespace.name());
    printed(server, &bind);
    for identity in [&user, &member] {
        eventually("RBAC has seen the role", DEADLINE, || run(identity.kubectl(), &list).status.success())
            .await
            .unwrap();
        let refusal = refusal(identity.kubectl(), &list.replace("configmaps", "secrets"));
        assert!(refusal.contains("Forbidden"), "{refusal}");
    }
}

#[tokio::test]
async fn deployments_become_pods_where_the_controllers_are_asked_for() {
    let options = Options { controllers: WORKLOADS, ..Options::default() };
    let server = ApiServer::start_with(options).await.unwrap();
    printed(&server, "create deployment web --image=web --replicas=2");
    let pods = || printed(&server, "get pods -l app=web -o name").lines().count() == 2;
    eventually("there are two pods", DEADLINE, pods).await.unwrap();
    printed(&server, "delete deployment web --timeout=30s");
    eventually("there is none", DEADLINE, || printed(&server, "get pods -o name").is_empty()).await.unwrap();
}

#[tokio::test]
async fn a_server_keeps_its_objects_over_pause_stop_and_kill() {
    let options = Options { controllers: &[], audit: true, ..Options::default() };
    let mut server = ApiServer::start_with(options).await.unwrap();
    printed(&server, "create configmap kept");

    server.pause().unwrap();
    let refused = refusal(server.kubectl(), "get configmap kept --request-timeout=1s");
    assert!(refused.contains("imeout") || refused.contains("deadline"), "{refused}");
    server.resume().unwrap();
    printed(&server, "get configmap kept");

    let url = server.url();
    server.pause().unwrap();
    server.stop().await.unwrap();
    assert!(refusal(server.kubectl(), "get configmap kept").contains("refused"));
    assert!(server.pause().is_err(), "it does not run");
    server.start_again().await.unwrap();
    assert!(server.start_again().await.is_err(), "it runs already");
    server.kill9().await.unwrap();
    server.start_again().await.unwrap();
    printed(&server, "get configmap kept");
    assert_eq!(server.url(), url);
}

#[tokio::test]
async fn a_watch_from_before_a_compaction_is_told_that_its_version_is_gone() {
    let options = Options { controllers: &[], watch_cache: false, ..Options::default() };
    let server = ApiServer::start_with(options).await.unwrap();
    printed(&server, "create configmap watched");
    let version = version(&server, "configmap watched");
    assert_eq!(watch(&server, &version), "");
    server.compact().unwrap();
    assert!(watch(&server, &version).contains(r#""code":410"#));
}

#[tokio::test]
async fn with_the_watch_cache_a_compaction_shows_after_the_next_start() {
    let mut server = ApiServer::start_with(Options { controllers: &[], ..Options::default() }).await.unwrap();
    printed(&server, "create configmap watched");
    let version = version(&server, "configmap watched");
    server.compact().unwrap();
    assert_eq!(watch(&server, &version), "");
    server.kill9().await.unwrap();
    server.start_again().await.unwrap();
    assert!(watch(&server, &version).contains(r#""code":410"#));
}

/// What a watch that begins at a version prints within a second.
fn watch(server: &ApiServer, version: &str) -> String {
    let path = "/api/v1/namespaces/default/configmaps?watch=true&timeoutSeconds=1&resourceVersion=";
    let output = run(server.kubectl(), &format!("get --raw {path}{version}"));
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn every_request_is_audited_where_that_is_asked_for() {
    let options = Options { controllers: &[], audit: true, ..Options::default() };
    let server = ApiServer::start_with(options).await.unwrap();
    let auditor = server.user("seen", None).unwrap();
    refusal(auditor.kubectl(), "delete secret hidden");
    let log = std::fs::read_to_string(server.audit_log().unwrap()).unwrap();
    let mut events = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let event = events.find(|event| event["user"]["username"] == "seen" && event["verb"] == "delete").unwrap();
    assert_eq!(event["objectRef"]["name"], "hidden");
    assert_eq!(event["responseStatus"]["code"], 403);
}

#[tokio::test]
async fn dropping_a_server_ends_all_of_it_and_removes_its_folder() {
    let server = ApiServer::start().await.unwrap();
    let folder = server.log().parent().unwrap().to_owned();
    let named = || {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let commands = processes.filter_map(|process| std::fs::read_to_string(process.path().join("cmdline")).ok());
        let folder = folder.to_str().unwrap();
        commands.filter(|command| command.contains(folder) && command.contains("kube-")).count()
    };
    assert_eq!(named(), 2);
    drop(server);
    assert_eq!(named(), 0);
    assert!(!folder.exists());
}
