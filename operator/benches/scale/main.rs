//! Figures of the operator beside their goals, on a real API server: `make bench-operator`.
//!
//! One process of the operator, one of messaging on a real Postgres, and an API server with etcd share the machine. Tenants are
//! Shared guests of one host; nobody runs pods.

#![expect(clippy::print_stdout, reason = "figures are its output")]
#![expect(clippy::cast_precision_loss, reason = "figures are rounded anyway")]

#[path = "../../tests/it/account.rs"]
mod account;
#[path = "../../tests/it/kubelet.rs"]
#[expect(dead_code, reason = "shared with the tests")]
mod kubelet;
#[path = "../../tests/it/lab.rs"]
#[expect(dead_code, reason = "shared with the tests")]
mod lab;
mod process;
mod watching;

use std::time::{Duration, Instant};

use confab_desired::Kind;
use confab_testbed::kubernetes::{ApiServer, Options};
use confab_testbed::postgres;
use kube::api::{DeleteParams, PostParams};
use kube::core::DynamicObject;
use lab::Lab;
use process::OperatorProcess;
use serde_json::json;
use watching::Ready;

/// How long the rest is watched, in seconds.
const REST: &str = "REST_SECONDS";
/// How many tenants.
const TENANTS: &str = "TENANTS";

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn figure(what: &str, measured: &str, goal: &str) {
    println!("{what:<66} {measured:>16}   goal {goal}");
}

#[tokio::main]
async fn main() {
    let count = number(TENANTS, 10_000);
    let server = ApiServer::start_with(Options::default()).await.expect("an API server");
    lab::apply_definitions(&server);
    let mut lab = Lab::on(&server).await;
    let database = postgres().await.database().await;
    lab.make_secret("db", &[("uri", database.url())]).await;
    let ports = kubelet::ports();
    lab.config.host_addresses = [(format!("{}/cell", lab.namespace), kubelet::admin(&ports))].into();
    lab.config.election.duration_seconds = 15;
    let operator = OperatorProcess::start(&lab, &server);
    operator.until_leading().await;
    let cell = json!({
        "domain": "cell.example.com", "placement": {"mode": "Dedicated"}, "allowedTenants": {"maxTenants": 50_000},
        "database": {"postgres": {"secretRef": {"name": "db"}}},
    });
    lab.apply_tenant("cell", cell).await;
    let _messaging = kubelet::Running::start(&lab, Kind::Deployment, "cell-messaging", ports).await;
    report_presence(&lab).await;
    lab.until_condition("cell", "Ready", "True/AsSpecified").await;

    let ready = Ready::watch(&lab);
    many(&lab, &ready, count).await;
    single(&lab, &ready).await;
    figure(
        &format!("operator's memory with {count} tenants (MiB)"),
        &format!("{:.1}", operator.resident_mib()),
        "< 60",
    );
    rest(&operator).await;
    repair(&lab).await;
    let operator = restart(&lab, &server, operator, count).await;
    takeover(&lab, &server, operator).await;
}

/// Presence does not run here; the host is ready all the same.
async fn report_presence(lab: &Lab) {
    let object = lab.until(Kind::Deployment, "cell-presence", |_| true).await;
    let status = json!({"status": {
        "observedGeneration": object["metadata"]["generation"], "replicas": 1, "readyReplicas": 1,
        "updatedReplicas": 1, "availableReplicas": 1,
    }});
    let patch = kube::api::Patch::Merge(&status);
    let how = kube::api::PatchParams::default();
    lab.api(Kind::Deployment).patch_status("cell-presence", &how, &patch).await.expect("a status can be written");
}

fn guest(lab: &Lab, name: &str) -> DynamicObject {
    let value = json!({
        "apiVersion": "confab.dev/v1alpha1", "kind": "ChatTenant",
        "metadata": {"name": name, "namespace": lab.namespace},
        "spec": {"domain": format!("{name}.example.com"), "placement": {"hostRef": {"name": "cell"}}},
    });
    serde_json::from_value(value).expect("an object")
}

async fn many(lab: &Lab, ready: &Ready, count: usize) {
    let begun = Instant::now();
    let names: Vec<String> = (0..count).map(|number| format!("t{number}")).collect();
    for several in names.chunks(32) {
        let made = several.iter().map(|name| async move {
            lab.tenants().create(&PostParams::default(), &guest(lab, name)).await.expect("it is made");
        });
        futures_util::future::join_all(made).await;
    }
    let applied = begun.elapsed();
    ready.until(count + 1).await;
    let all = begun.elapsed();
    let rate = count as f64 / all.as_secs_f64();
    println!(
        "{count} tenants were applied in {:.1} s, and all were Ready {:.1} s after the first",
        applied.as_secs_f64(),
        all.as_secs_f64()
    );
    figure(&format!("{count} Shared tenants, first apply to last Ready (tenants/s)"), &format!("{rate:.0}"), ">= 200");
}

async fn single(lab: &Lab, ready: &Ready) {
    let mut took = Vec::new();
    for number in 0..200 {
        let (name, before, begun) = (format!("s{number}"), ready.count(), Instant::now());
        lab.tenants().create(&PostParams::default(), &guest(lab, &name)).await.expect("it is made");
        ready.until(before + 1).await;
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    figure("apply to Ready of one tenant, p50 (ms)", &millis(took[100]), "");
    figure("apply to Ready of one tenant, p99 (ms)", &millis(took[198]), "< 1000");
}

async fn rest(operator: &OperatorProcess) {
    let seconds = number(REST, 300);
    tokio::time::sleep(Duration::from_secs(15)).await;
    let before = operator.requests();
    tokio::time::sleep(Duration::from_secs(seconds as u64)).await;
    let after = operator.requests();
    let writes = after.writes - before.writes;
    let reads = (after.reads - before.reads) as f64 / seconds as f64;
    figure(&format!("writes in {seconds} s of rest, beside the Lease's"), &writes.to_string(), "0");
    figure(&format!("reads and watches in {seconds} s of rest (per second)"), &format!("{reads:.3}"), "< 0.1");
}

async fn repair(lab: &Lab) {
    let mut took = Vec::new();
    for _ in 0..30 {
        let uid = lab.get(Kind::Service, "cell-presence").await.expect("it is there")["metadata"]["uid"].clone();
        let begun = Instant::now();
        lab.api(Kind::Service).delete("cell-presence", &DeleteParams::default()).await.expect("it can be deleted");
        lab.until(Kind::Service, "cell-presence", |service| service["metadata"]["uid"] != uid).await;
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    figure("a deleted child is back, the slowest of 30 (ms)", &millis(took[29]), "< 1000");
}

async fn restart(lab: &Lab, server: &ApiServer, operator: OperatorProcess, count: usize) -> OperatorProcess {
    operator.stop().await;
    let begun = Instant::now();
    let operator = OperatorProcess::start(lab, server);
    operator.until_reconciled(count).await;
    figure("start to all tenants reconciled (s)", &format!("{:.2}", begun.elapsed().as_secs_f64()), "< 3");
    operator
}

async fn takeover(lab: &Lab, server: &ApiServer, leader: OperatorProcess) {
    let standby = OperatorProcess::start(lab, server);
    standby.until_ready().await;
    leader.kill();
    let ends = process::lease_ends(lab).await;
    standby.until_leading().await;
    let late = Instant::now().saturating_duration_since(ends);
    figure("killed leader: the standby leads after the Lease's end (s)", &format!("{:.2}", late.as_secs_f64()), "< 2");
}

fn millis(took: Duration) -> String {
    format!("{:.1}", took.as_secs_f64() * 1000.0)
}
