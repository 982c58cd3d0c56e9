//! Guests in the pods of a host: a real process of messaging on a real Postgres.

use confab_desired::Kind;
use confab_testbed::postgres;
use serde_json::{Value, json};

use crate::kubelet::{Running, admin, ports, request};
use crate::lab::{Lab, eventually};

struct Cell {
    lab: Lab,
    host: Running,
    ports: Vec<(u16, u16)>,
}

/// A host that takes guests of its namespace, with its pod running.
async fn cell() -> Cell {
    let database = postgres().await.database().await;
    let mut lab = Lab::without_operator().await;
    lab.make_secret("db", &[("uri", database.url())]).await;
    let ports = ports();
    lab.config.host_addresses = [(format!("{}/cell", lab.namespace), admin(&ports))].into();
    lab.start();
    let host = json!({
        "domain": "cell.example.com", "placement": {"mode": "Dedicated"}, "allowedTenants": {"maxTenants": 3},
        "database": {"postgres": {"secretRef": {"name": "db"}}},
    });
    lab.apply_tenant("cell", host).await;
    let host = Running::start(&lab, Kind::Deployment, "cell-messaging", ports.clone()).await;
    Cell { lab, host, ports }
}

fn guest(domain: &str) -> Value {
    json!({"domain": domain, "placement": {"hostRef": {"name": "cell"}}})
}

impl Cell {
    /// The status line of a registration at a domain.
    fn register(&self, domain: &str, name: &str) -> String {
        let body = format!(r#"{{"email":"{name}@example.com","username":"{name}","password":"a long passphrase 7"}}"#);
        let answer = request(self.host.api(), domain, "POST", "/v1/auth/register", &body);
        answer.lines().next().unwrap_or_default().to_owned()
    }

    fn status(&self, domain: &str) -> String {
        let answer = request(self.host.api(), domain, "GET", "/v1/users/me", "");
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    }

    async fn until_status(&self, domain: &str, wanted: &str) {
        let is = async || self.status(domain) == wanted;
        assert!(eventually(is).await, "{domain} answers {}", self.status(domain));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_is_usable_as_soon_as_it_is_ready_and_costs_no_object() {
    let cell = cell().await;
    cell.lab.apply_tenant("acme", guest("acme.example.com")).await;
    cell.lab.until_condition("acme", "Ready", "True/AsSpecified").await;
    assert!(
        cell.register("acme.example.com", "alice").contains("201"),
        "{}",
        cell.register("acme.example.com", "alice")
    );
    let status = cell.lab.tenant("acme").await["status"].clone();
    assert_eq!(status["placement"], "Shared");
    assert_eq!(status["host"], format!("{}/cell", cell.lab.namespace));
    assert_eq!(status["database"], "postgres");
    let mine = kube::api::ListParams::default().labels("app.kubernetes.io/instance=acme");
    for kind in Kind::ALL.into_iter().filter(|kind| !kind.is_optional()) {
        assert!(cell.lab.api(kind).list(&mine).await.expect("a list").items.is_empty(), "{kind:?}");
    }
    // The host's own tenant is served like a guest.
    assert!(cell.register("cell.example.com", "bob").contains("201"));
    let refused = json!({"spec": {"auth": {"registration": "Closed"}}});
    cell.lab.merge_tenant("acme", refused).await;
    let generation = cell.lab.tenant("acme").await["metadata"]["generation"].clone();
    assert!(eventually(async || cell.lab.tenant("acme").await["status"]["observedGeneration"] == generation).await);
    assert!(cell.register("acme.example.com", "carol").contains("403"), "changed settings hold at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_sleeps_wakes_and_is_let_go_with_its_rows_kept() {
    let cell = cell().await;
    cell.lab.apply_tenant("acme", guest("acme.example.com")).await;
    cell.lab.until_condition("acme", "Ready", "True/AsSpecified").await;
    assert!(cell.register("acme.example.com", "alice").contains("201"));
    cell.lab.merge_tenant("acme", json!({"spec": {"hibernated": true}})).await;
    cell.until_status("acme.example.com", "503").await;
    cell.lab.until_condition("acme", "Host", "True/Hibernated").await;
    cell.lab.merge_tenant("acme", json!({"spec": {"hibernated": false}})).await;
    cell.until_status("acme.example.com", "401").await;
    cell.lab.tenants().delete("acme", &kube::api::DeleteParams::default()).await.expect("it goes at once");
    cell.until_status("acme.example.com", "404").await;
    cell.lab.apply_tenant("acme", guest("acme.example.com")).await;
    cell.lab.until_condition("acme", "Ready", "True/AsSpecified").await;
    assert!(cell.register("acme.example.com", "alice").contains("409"), "her account was kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_says_delete_takes_its_rows_along_and_a_host_that_is_away_holds_nothing_up() {
    let mut cell = cell().await;
    let deleted = |domain: &str| {
        let mut spec = guest(domain);
        spec["deletionPolicy"] = "Delete".into();
        spec
    };
    cell.lab.apply_tenant("acme", deleted("acme.example.com")).await;
    cell.lab.apply_tenant("late", deleted("late.example.com")).await;
    cell.lab.until_condition("acme", "Ready", "True/AsSpecified").await;
    cell.lab.until_condition("late", "Ready", "True/AsSpecified").await;
    assert!(cell.register("acme.example.com", "alice").contains("201"));
    cell.lab.tenants().delete("acme", &kube::api::DeleteParams::default()).await.expect("accepted");
    let gone = async |name: &str| cell.lab.tenants().get_opt(name).await.expect("an answer").is_none();
    assert!(eventually(async || gone("acme").await).await);
    cell.lab.apply_tenant("acme", deleted("acme.example.com")).await;
    cell.lab.until_condition("acme", "Ready", "True/AsSpecified").await;
    assert!(cell.register("acme.example.com", "alice").contains("201"), "nothing was left of her");
    cell.host.pod.signal(confab_testbed::process::Signal::Kill).expect("it dies");
    cell.lab.tenants().delete("late", &kube::api::DeleteParams::default()).await.expect("accepted");
    let gone = async |name: &str| cell.lab.tenants().get_opt(name).await.expect("an answer").is_none();
    assert!(eventually(async || gone("late").await).await, "a deletion never wedges");
    cell.host.pod.start_again().expect("it starts");
    assert_eq!(cell.ports.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_host_and_one_that_stops_allowing_are_told_and_nothing_is_deleted() {
    let cell = cell().await;
    for name in ["one", "two", "three"] {
        cell.lab.apply_tenant(name, guest(&format!("{name}.example.com"))).await;
        cell.lab.until_condition(name, "Ready", "True/AsSpecified").await;
    }
    cell.lab.apply_tenant("four", guest("four.example.com")).await;
    cell.lab.until_condition("four", "Stalled", "True/HostFull").await;
    assert!(cell.register("one.example.com", "alice").contains("201"));
    cell.lab.merge_tenant("cell", json!({"spec": {"allowedTenants": null}})).await;
    cell.lab.until_condition("one", "Host", "False/NotAHost").await;
    cell.until_status("one.example.com", "403").await;
    cell.lab.merge_tenant("cell", json!({"spec": {"allowedTenants": {}}})).await;
    cell.lab.until_condition("one", "Ready", "True/AsSpecified").await;
    cell.lab.until_condition("four", "Ready", "True/AsSpecified").await;
    assert!(cell.register("one.example.com", "alice").contains("409"), "her account was kept");
}
