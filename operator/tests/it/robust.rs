//! Crashes, refusals, lost answers and another leader: whatever happens in between, the end is the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use confab_desired::Kind;
use confab_operator::cluster::client_through;
use kube::api::DeleteParams;
use serde_json::{Value, json};

use crate::faults::{Fault, Plan};
use crate::lab::{Lab, Operator, eventually};
use crate::outcome::{objects, same};

fn spec() -> Value {
    json!({
        "domain": "chat.example.com",
        "placement": {"mode": "Dedicated"},
        "database": {"postgres": {"secretRef": {"name": "db"}}},
        "redis": {"managed": {}},
        "messaging": {"replicas": {"min": 2, "max": 4}},
        "gateway": {"ingress": {}},
    })
}

async fn lab() -> Lab {
    let lab = Lab::without_operator().await;
    lab.make_secret("db", &[("uri", "postgres://u:p@db.example.com/chat")]).await;
    lab
}

fn start(lab: &Lab, plan: &Plan) -> Operator {
    let mut parts = lab.parts();
    let plan = plan.clone();
    parts.client = Arc::new(move |config, fence, metrics| client_through(config, fence, metrics, &plan));
    Operator::start(parts)
}

async fn settled(lab: &Lab) -> BTreeMap<String, Value> {
    lab.until_condition("demo", "Workloads", "False/RollingOut").await;
    objects(lab).await
}

/// What a run without any fault ends in, and how many writes it takes.
async fn undisturbed() -> (BTreeMap<String, Value>, u64) {
    let lab = lab().await;
    let plan = Plan::default();
    let operator = start(&lab, &plan);
    lab.apply_tenant("demo", spec()).await;
    let end = settled(&lab).await;
    Lab::quiet_of(&operator).await;
    (end, plan.writes())
}

/// How many of the last writes are of the status: two of them may become one.
const MAY_BE_ONE: u64 = 4;

async fn crash_at(write: u64, all: u64, fault: Fault, expected: &BTreeMap<String, Value>) {
    let lab = lab().await;
    let plan = Plan::new([(write, fault)]);
    let operator = start(&lab, &plan);
    lab.apply_tenant("demo", spec()).await;
    let told = async || lab.conditions("demo").await.get("Workloads").is_some_and(|found| found == "False/RollingOut");
    assert!(eventually(async || plan.crashed() || told().await).await, "write {write} never came");
    if !plan.crashed() {
        Lab::quiet_of(&operator).await;
    }
    if !plan.crashed() {
        assert!(write + MAY_BE_ONE > all, "write {write} of {all} never came");
        return;
    }
    let key = lab.get(Kind::Secret, "demo-master-key").await.map(|secret| secret["data"].clone());
    operator.kill();
    forget_leader(&lab).await;
    let operator = start(&lab, &Plan::default());
    same(&settled(&lab).await, expected, &format!("after {fault:?} at write {write}"));
    let now = lab.get(Kind::Secret, "demo-master-key").await.expect("it is there");
    assert!(key.is_none_or(|key| key == now["data"]), "the master key changed after {fault:?} at write {write}");
    let writes = Lab::quiet_of(&operator).await;
    lab.merge_tenant("demo", json!({"metadata": {"annotations": {"example.com/note": "x"}}})).await;
    assert_eq!(Lab::quiet_of(&operator).await, writes, "after {fault:?} at write {write}");
}

/// A Lease of a process that is gone would be waited for.
async fn forget_leader(lab: &Lab) {
    let leases: kube::Api<k8s_openapi::api::coordination::v1::Lease> =
        kube::Api::namespaced(lab.client.clone(), &lab.namespace);
    let _ = leases.delete("confab-operator", &DeleteParams::default()).await;
}

async fn crash_after_each(fault: Fault) {
    let (expected, writes) = undisturbed().await;
    assert!(writes > 15, "only {writes} writes");
    let all: Vec<u64> = (1..=writes).collect();
    for several in all.chunks(6) {
        futures_util::future::join_all(several.iter().map(|write| crash_at(*write, writes, fault, &expected))).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_before_each_single_write_changes_nothing_in_the_end() {
    crash_after_each(Fault::CrashBefore).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_after_each_single_write_changes_nothing_in_the_end() {
    crash_after_each(Fault::CrashAfter).await;
}

#[tokio::test]
async fn refusals_lost_answers_and_silence_are_overcome() {
    let (expected, writes) = undisturbed().await;
    let kinds = [
        Fault::Status(409),
        Fault::Status(429),
        Fault::Status(500),
        Fault::LostAnswer(504),
        Fault::Hang,
        Fault::HangAfter,
        Fault::Status(503),
    ];
    let lab = lab().await;
    // Every second write fails, in ever another way.
    let plan = Plan::new((1..=writes * 2).step_by(2).zip(kinds.into_iter().cycle()));
    let operator = start(&lab, &plan);
    lab.apply_tenant("demo", spec()).await;
    same(&settled(&lab).await, &expected, "");
    drop(operator);
}

#[tokio::test]
async fn a_standby_takes_over_from_a_leader_that_died_in_the_middle() {
    let (expected, writes) = undisturbed().await;
    let lab = lab().await;
    let plan = Plan::new([(writes / 2, Fault::CrashAfter)]);
    let first = start(&lab, &plan);
    assert!(eventually(async || first.metrics.leader.get() == 1).await);
    let second = start(&lab, &Plan::default());
    assert!(eventually(async || second.health.ready().is_ok()).await, "a standby knows the world, too");
    assert_eq!(second.writes(), 0);
    lab.apply_tenant("demo", spec()).await;
    assert!(eventually(async || plan.crashed()).await);
    first.kill();
    assert!(eventually(async || second.metrics.leader.get() == 1).await);
    same(&settled(&lab).await, &expected, "");
}

#[tokio::test]
async fn an_orderly_end_hands_over_at_once_and_two_never_lead_together() {
    let lab = lab().await;
    let first = start(&lab, &Plan::default());
    assert!(eventually(async || first.metrics.leader.get() == 1).await);
    let second = start(&lab, &Plan::default());
    assert!(eventually(async || second.health.ready().is_ok()).await);
    assert_eq!(second.metrics.leader.get(), 0);
    let metrics = first.metrics.clone();
    first.stop().await;
    assert_eq!(metrics.leader.get(), 0);
    assert!(eventually(async || second.metrics.leader.get() == 1).await);
}
