//! Specs that cannot be brought about: the condition names the cause and the cure, what runs goes on, and nothing spins.

use confab_desired::Kind;
use confab_operator::metrics::ReconcileLabels;
use serde_json::{Value, json};

use crate::lab::{Lab, Operator};

async fn message(lab: &Lab, name: &str, condition: &str) -> String {
    let tenant = lab.tenant(name).await;
    let conditions = tenant["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let found = conditions.iter().find(|found| found["type"] == condition).cloned().unwrap_or_default();
    found["message"].as_str().unwrap_or_default().to_owned()
}

fn reconciles(operator: &Operator) -> u64 {
    operator.metrics.reconciles.get_or_create(&ReconcileLabels { result: "ok" }).get()
}

#[tokio::test]
async fn a_guest_without_a_host_is_told_what_to_do() {
    let lab = Lab::new().await;
    lab.apply_tenant("demo", json!({"domain": "demo.example.com"})).await;
    lab.until_condition("demo", "Stalled", "True/NoHost").await;
    assert!(message(&lab, "demo", "Ready").await.contains("spec.placement.hostRef"));
    let named =
        |name: &str| json!({"domain": format!("{name}.example.com"), "placement": {"hostRef": {"name": "cell"}}});
    lab.apply_tenant("early", named("early")).await;
    lab.until_condition("early", "Host", "False/HostNotFound").await;
    // A host that comes later is noticed at once.
    lab.apply_tenant("cell", json!({"domain": "cell.example.com", "placement": {"mode": "Dedicated"}})).await;
    lab.until_condition("early", "Host", "False/NotAHost").await;
    assert!(message(&lab, "early", "Host").await.contains("spec.allowedTenants"));
    lab.merge_tenant("cell", json!({"spec": {"allowedTenants": {}}})).await;
    lab.until_condition("early", "Host", "False/HostUnreachable").await;
    lab.merge_tenant("cell", json!({"spec": {"allowedTenants": null}})).await;
    lab.until_condition("early", "Host", "False/NotAHost").await;
    lab.tenants().delete("cell", &kube::api::DeleteParams::default()).await.unwrap();
    lab.until_condition("early", "Host", "False/HostNotFound").await;
    lab.apply_tenant("chained", json!({"domain": "chained.example.com", "placement": {"hostRef": {"name": "early"}}}))
        .await;
    lab.until_condition("chained", "Host", "False/NotAHost").await;
}

#[tokio::test]
async fn a_reference_into_another_namespace_without_permission_is_refused_whether_or_not_something_is_there() {
    let (lab, other) = (Lab::new().await, Lab::new().await);
    other
        .apply_tenant(
            "cell",
            json!({"domain": "cell.other.example.com", "placement": {"mode": "Dedicated"}, "allowedTenants": {}}),
        )
        .await;
    let guest = |name: &str| {
        let host = json!({"name": name, "namespace": other.namespace});
        json!({"domain": format!("{name}.example.com"), "placement": {"hostRef": host}})
    };
    lab.apply_tenant("there", guest("cell")).await;
    lab.apply_tenant("nowhere", guest("nothing")).await;
    for name in ["there", "nowhere"] {
        lab.until_condition(name, "Host", "False/RefNotPermitted").await;
    }
    let same = message(&lab, "there", "Host").await.replace("/cell", "/X");
    assert_eq!(same, message(&lab, "nowhere", "Host").await.replace("/nothing", "/X"), "existence is not told");
}

#[tokio::test]
async fn of_two_tenants_of_one_domain_the_older_keeps_it_and_the_other_gets_it_when_it_is_free() {
    let lab = Lab::new().await;
    let spec = json!({"domain": "same.example.com", "placement": {"mode": "Dedicated"}});
    lab.apply_tenant("a-first", spec.clone()).await;
    lab.until(Kind::StatefulSet, "a-first-serve", |_| true).await;
    lab.apply_tenant("b-second", spec).await;
    lab.until_condition("b-second", "Stalled", "True/DomainTaken").await;
    assert!(message(&lab, "b-second", "Ready").await.contains("ChatTenant a-first"));
    assert!(lab.get(Kind::StatefulSet, "b-second-serve").await.is_none());
    lab.tenants().delete("a-first", &kube::api::DeleteParams::default()).await.unwrap();
    lab.until(Kind::StatefulSet, "b-second-serve", |_| true).await;
}

#[tokio::test]
async fn kinds_that_nobody_installed_are_named_with_what_to_do() {
    let lab = Lab::new().await;
    let with = |extra: Value| {
        let mut spec = json!({"domain": "x.example.com", "placement": {"mode": "Dedicated"}});
        spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        spec
    };
    let mut postgres = with(json!({"database": {"cloudNativePG": {}}}));
    postgres["domain"] = "a.example.com".into();
    lab.apply_tenant("postgres", postgres).await;
    lab.until_condition("postgres", "Database", "False/CloudNativePGMissing").await;
    let mut route = with(json!({"gateway": {"httpRoute": {"parentRefs": [{"name": "gateway"}]}}}));
    route["domain"] = "b.example.com".into();
    lab.apply_tenant("route", route).await;
    lab.until_condition("route", "Gateway", "False/GatewayApiMissing").await;
    let issuer = json!({"certManager": {"issuerRef": {"name": "letsencrypt"}}});
    let mut certificate = with(json!({"gateway": {"ingress": {"tls": issuer}}}));
    certificate["domain"] = "c.example.com".into();
    lab.apply_tenant("certificate", certificate).await;
    lab.until_condition("certificate", "Gateway", "False/CertManagerMissing").await;
}

#[tokio::test]
async fn a_bad_change_leaves_what_runs_and_does_not_spin() {
    let lab = Lab::new().await;
    lab.make_secret("db", &[("uri", "postgres://u:p@db.example.com/chat")]).await;
    let spec = |secret: &str| {
        json!({"domain": "chat.example.com", "placement": {"mode": "Dedicated"},
               "database": {"postgres": {"secretRef": {"name": secret}}}})
    };
    lab.apply_tenant("demo", spec("db")).await;
    let before = lab.until(Kind::Deployment, "demo-messaging", |_| true).await;
    lab.apply_tenant("demo", spec("gone")).await;
    lab.until_condition("demo", "Stalled", "True/SecretNotFound").await;
    let after = lab.get(Kind::Deployment, "demo-messaging").await.expect("it is there");
    assert_eq!(after["spec"], before["spec"]);
    let writes = lab.quiet().await;
    let (begun, count) = (std::time::Instant::now(), reconciles(lab.operator()));
    lab.quiet().await;
    let most = 2 + begun.elapsed().as_millis() / 200;
    assert!(
        u128::from(reconciles(lab.operator()) - count) <= most,
        "it is looked for every 200 ms here, and no more often"
    );
    assert_eq!(lab.operator().writes(), writes);
    lab.apply_tenant("demo", spec("db")).await;
    lab.until_condition("demo", "Workloads", "False/RollingOut").await;
}

#[tokio::test]
async fn a_spec_that_asks_for_what_no_workload_does_says_so_and_is_no_obstacle() {
    let lab = Lab::new().await;
    let mail = json!({"from": "chat@example.com", "smtp": {"host": "mail.example.com"}});
    lab.apply_tenant("demo", json!({"domain": "x.example.com", "placement": {"mode": "Dedicated"}, "mail": mail}))
        .await;
    lab.until_condition("demo", "Unsupported", "True/NotInThisVersion").await;
    assert!(message(&lab, "demo", "Unsupported").await.contains("spec.mail"));
}

#[tokio::test]
async fn a_second_installation_keeps_away_from_the_tenants_of_the_first() {
    let lab = Lab::new().await;
    let spec = json!({"domain": "x.example.com", "placement": {"mode": "Dedicated"}});
    lab.apply_tenant("demo", spec.clone()).await;
    lab.until_condition("demo", "Workloads", "False/RollingOut").await;
    lab.quiet().await;
    // It lives in another namespace, and may do everything.
    let elsewhere = Lab::without_operator().await;
    let mut parts = lab.parts();
    parts.config.namespace.clone_from(&elsewhere.namespace);
    parts.cluster = crate::lab::config_of(confab_testbed::kubernetes::kubernetes().await.kubeconfig()).await;
    parts.config.tenants.images.serve = "second:1".to_owned();
    let second = Operator::start(parts);
    let leads = async || second.metrics.leader.get() == 1;
    assert!(crate::lab::eventually(leads).await);
    lab.merge_tenant("demo", json!({"spec": {"limits": {"groupMembers": 77}}})).await;
    lab.quiet().await;
    Lab::quiet_of(&second).await;
    let set = lab.get(Kind::StatefulSet, "demo-serve").await.expect("it is there");
    assert_ne!(set["spec"]["template"]["spec"]["containers"][0]["image"], "second:1");
    let events: kube::Api<k8s_openapi::api::events::v1::Event> =
        kube::Api::namespaced(lab.client.clone(), &lab.namespace);
    let told = async || {
        let events = events.list(&kube::api::ListParams::default()).await.expect("a list").items;
        events.iter().any(|event| event.reason.as_deref() == Some("OtherOperator"))
    };
    assert!(crate::lab::eventually(told).await);
}
