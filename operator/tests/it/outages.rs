//! The API server goes away, forgets, or stands still.

use std::time::Duration;

use confab_desired::Kind;
use confab_testbed::kubernetes::{ApiServer, Options, WORKLOADS};
use serde_json::json;

use crate::account;
use crate::lab::{Lab, Operator, apply_definitions, eventually};

async fn server(options: Options) -> ApiServer {
    let server = ApiServer::start_with(options).await.expect("an API server");
    apply_definitions(&server);
    server
}

fn spec() -> serde_json::Value {
    json!({"domain": "chat.example.com", "placement": {"mode": "Dedicated"}})
}

/// Whether the operator still notices and repairs.
async fn repairs(lab: &Lab) {
    lab.delete(Kind::Service, "demo-serve").await;
    lab.until(Kind::Service, "demo-serve", |_| true).await;
}

#[tokio::test]
async fn a_crash_of_the_api_server_is_survived() {
    let mut server = server(Options::default()).await;
    let lab = Lab::on(&server).await;
    let operator = lab.start_operator();
    lab.apply_tenant("demo", spec()).await;
    lab.until(Kind::StatefulSet, "demo-serve", |_| true).await;
    server.kill9().await.expect("it dies");
    server.start_again().await.expect("it starts");
    repairs(&lab).await;
    drop(operator);
}

#[tokio::test]
async fn a_watch_whose_past_is_compacted_begins_anew_and_finds_what_it_missed() {
    let server = server(Options { watch_cache: false, ..Options::default() }).await;
    let lab = Lab::on(&server).await;
    let operator = lab.start_operator();
    lab.apply_tenant("demo", spec()).await;
    lab.until(Kind::StatefulSet, "demo-serve", |_| true).await;
    server.compact().expect("etcd compacts");
    repairs(&lab).await;
    lab.apply_tenant("later", json!({"domain": "later.example.com", "placement": {"mode": "Dedicated"}})).await;
    lab.until(Kind::StatefulSet, "later-serve", |_| true).await;
    drop(operator);
}

#[tokio::test]
async fn a_leader_that_cannot_renew_stops_writing_before_its_lease_ends_and_comes_back() {
    let server = server(Options::default()).await;
    let lab = Lab::on(&server).await;
    let operator: Operator = lab.start_operator();
    lab.apply_tenant("demo", spec()).await;
    lab.until(Kind::StatefulSet, "demo-serve", |_| true).await;
    assert_eq!(operator.metrics.leader.get(), 1);
    server.pause().expect("it stands still");
    // The Lease holds 6 seconds here.
    let stopped = eventually(async || operator.metrics.leader.get() == 0).await;
    server.resume().expect("it goes on");
    assert!(stopped, "it still leads");
    assert!(eventually(async || operator.metrics.leader.get() == 1).await);
    repairs(&lab).await;
}

#[tokio::test]
async fn an_operator_for_all_namespaces_looks_after_each() {
    // With what lets volume claims go.
    let server = server(Options { controllers: WORKLOADS, ..Options::default() }).await;
    let (mut lab, other) = (Lab::on(&server).await, Lab::on(&server).await);
    lab.config.watch_namespaces.clear();
    lab.cluster = account::operator(&server, &lab.client, &lab.namespace, &[]).await;
    let operator = lab.start_operator();
    for lab in [&lab, &other] {
        let domain = format!("{}.example.com", lab.namespace);
        lab.apply_tenant("demo", json!({"domain": domain, "placement": {"mode": "Dedicated"}})).await;
        lab.until(Kind::StatefulSet, "demo-serve", |_| true).await;
    }
    // A namespace that goes takes its tenants along, and nothing holds it up.
    let namespaces: kube::Api<k8s_openapi::api::core::v1::Namespace> = kube::Api::all(lab.client.clone());
    namespaces.delete(&other.namespace, &kube::api::DeleteParams::default()).await.expect("it can be deleted");
    let gone = async || namespaces.get_opt(&other.namespace).await.expect("an answer").is_none();
    assert!(eventually(gone).await);
    repairs(&lab).await;
    assert!(tokio::time::timeout(Duration::from_mins(1), operator.stop()).await.is_ok());
}
