//! What may happen to a tenant with pods of its own over time.

use confab_desired::Kind;
use confab_desired::settings::Images;
use serde_json::{Value, json};

use crate::lab::{Lab, Operator, eventually};

fn spec() -> Value {
    json!({
        "domain": "chat.example.com",
        "placement": {"mode": "Dedicated"},
        "database": {"postgres": {"secretRef": {"name": "db"}}},
        "redis": {"managed": {}},
        "replicas": 2,
    })
}

async fn tenant_on_postgres(lab: &Lab, spec: Value) {
    lab.make_secret("db", &[("uri", "postgres://u:p@db.example.com/chat")]).await;
    lab.apply_tenant("demo", spec).await;
    lab.until_condition("demo", "Workloads", "False/RollingOut").await;
    lab.until(Kind::Deployment, "demo-presence", |_| true).await;
}

async fn template(lab: &Lab, name: &str) -> Value {
    lab.get(Kind::Deployment, name).await.expect("it is there")["spec"]["template"].clone()
}

fn replicas(count: i64) -> impl Fn(&Value) -> bool {
    move |object| object["spec"]["replicas"] == count
}

#[tokio::test]
async fn scaling_a_tenant_scales_its_pods_and_replaces_none() {
    let lab = Lab::new().await;
    tenant_on_postgres(&lab, spec()).await;
    let before = template(&lab, "demo-messaging").await;
    lab.merge_tenant("demo", json!({"spec": {"replicas": 3}})).await;
    lab.until(Kind::Deployment, "demo-messaging", replicas(3)).await;
    lab.until(Kind::Deployment, "demo-presence", replicas(3)).await;
    assert_eq!(template(&lab, "demo-messaging").await, before);
}

#[tokio::test]
async fn what_needs_no_other_pod_replaces_none() {
    let lab = Lab::new().await;
    tenant_on_postgres(&lab, spec()).await;
    let before = template(&lab, "demo-messaging").await;
    let change = json!({"limits": {"groupMembers": 100}, "auth": {"registration": "Closed"}, "gateway": {"ingress": {}}, "allowedTenants": {}});
    lab.merge_tenant("demo", json!({ "spec": change })).await;
    lab.until(Kind::Ingress, "demo", |_| true).await;
    lab.quiet().await;
    assert_eq!(template(&lab, "demo-messaging").await, before);
    lab.merge_tenant("demo", json!({"metadata": {"annotations": {"confab.dev/restarted-at": "now"}}})).await;
    let restarted =
        |object: &Value| object["spec"]["template"]["metadata"]["annotations"]["confab.dev/restarted-at"] == "now";
    lab.until(Kind::Deployment, "demo-messaging", restarted).await;
}

#[tokio::test]
async fn a_tenant_sleeps_without_pods_and_wakes_with_as_many_as_before() {
    let lab = Lab::new().await;
    let mut spec = spec();
    spec["presence"] = json!({"replicas": {"min": 3, "max": 6}});
    tenant_on_postgres(&lab, spec).await;
    lab.until(Kind::HorizontalPodAutoscaler, "demo-presence", |_| true).await;
    lab.merge_tenant("demo", json!({"spec": {"hibernated": true}})).await;
    for deployment in ["demo-messaging", "demo-presence"] {
        lab.until(Kind::Deployment, deployment, replicas(0)).await;
    }
    lab.until(Kind::StatefulSet, "demo-redis", replicas(0)).await;
    lab.until_gone(Kind::HorizontalPodAutoscaler, "demo-presence").await;
    assert!(lab.get(Kind::Secret, "demo-master-key").await.is_some());
    lab.merge_tenant("demo", json!({"spec": {"hibernated": false}})).await;
    lab.until(Kind::Deployment, "demo-messaging", replicas(2)).await;
    lab.until(Kind::Deployment, "demo-presence", replicas(3)).await;
    lab.until(Kind::HorizontalPodAutoscaler, "demo-presence", |_| true).await;
}

#[tokio::test]
async fn an_autoscaler_that_took_over_is_left_alone() {
    let lab = Lab::new().await;
    let mut spec = spec();
    spec["presence"] = json!({"replicas": {"min": 2, "max": 6}});
    tenant_on_postgres(&lab, spec).await;
    lab.quiet().await;
    let scale = json!({"spec": {"replicas": 5}});
    lab.merge(Kind::Deployment, "demo-presence", scale).await;
    lab.merge_tenant("demo", json!({"spec": {"limits": {"groupMembers": 100}}})).await;
    lab.quiet().await;
    let deployment = lab.get(Kind::Deployment, "demo-presence").await.expect("it is there");
    assert_eq!(deployment["spec"]["replicas"], 5);
}

#[tokio::test]
async fn a_paused_tenant_is_left_as_it_is() {
    let lab = Lab::new().await;
    tenant_on_postgres(&lab, spec()).await;
    lab.merge_tenant("demo", json!({"spec": {"paused": true}})).await;
    lab.until_condition("demo", "Paused", "True/Paused").await;
    let writes = lab.quiet().await;
    lab.delete(Kind::Service, "demo-presence").await;
    lab.merge_tenant("demo", json!({"spec": {"replicas": 4}})).await;
    let observed = async || lab.tenant("demo").await["status"]["observedGeneration"].clone();
    let generation = lab.tenant("demo").await["metadata"]["generation"].clone();
    assert!(eventually(async || observed().await == generation).await);
    assert!(lab.quiet().await <= writes + 2, "at most the status was written");
    assert!(lab.get(Kind::Service, "demo-presence").await.is_none());
    lab.merge_tenant("demo", json!({"spec": {"paused": false}})).await;
    lab.until(Kind::Service, "demo-presence", |_| true).await;
    lab.until(Kind::Deployment, "demo-presence", replicas(4)).await;
    let paused = async || lab.conditions("demo").await.contains_key("Paused");
    assert!(eventually(async || !paused().await).await);
}

#[tokio::test]
async fn a_newer_operator_restarts_nothing_until_it_is_let_in() {
    let mut lab = Lab::new().await;
    tenant_on_postgres(&lab, spec()).await;
    lab.quiet().await;
    let before = template(&lab, "demo-messaging").await;
    lab.take_operator().stop().await;
    lab.config.tenants.release = "9.9.9".to_owned();
    lab.config.tenants.images = Images {
        messaging: "confab-messaging:9.9.9".to_owned(),
        presence: "confab-presence:9.9.9".to_owned(),
        ..Images::default()
    };
    let newer = lab.start_operator();
    lab.until_condition("demo", "UpdateWaiting", "True/NewRelease").await;
    Lab::quiet_of(&newer).await;
    assert_eq!(template(&lab, "demo-messaging").await, before);
    let version = lab.tenant("demo").await["status"]["version"].clone();
    assert_eq!(version, json!({"running": env!("CARGO_PKG_VERSION"), "available": "9.9.9"}));
    // What waits is still repaired, to what runs.
    lab.delete(Kind::Service, "demo-messaging").await;
    lab.until(Kind::Service, "demo-messaging", |_| true).await;
    let config = before["spec"]["volumes"][0]["configMap"]["name"].as_str().expect("a Config").to_owned();
    lab.delete(Kind::ConfigMap, &config).await;
    lab.until(Kind::ConfigMap, &config, |_| true).await;
    lab.merge_tenant("demo", json!({"metadata": {"annotations": {"confab.dev/release": "9.9.9"}}})).await;
    let image = |object: &Value| object["spec"]["template"]["spec"]["containers"][0]["image"].clone();
    lab.until(Kind::Deployment, "demo-messaging", |object| image(object) == "confab-messaging:9.9.9").await;
    lab.until(Kind::Deployment, "demo-presence", |object| image(object) == "confab-presence:9.9.9").await;
    let waits = async || lab.conditions("demo").await.contains_key("UpdateWaiting");
    assert!(eventually(async || !waits().await).await);
    drop(newer);
}

#[tokio::test]
async fn a_newer_operator_lets_itself_in_where_the_tenant_says_so() {
    let mut lab = Lab::new().await;
    let mut spec = spec();
    spec["updateStrategy"] = "Auto".into();
    tenant_on_postgres(&lab, spec).await;
    lab.take_operator().stop().await;
    lab.config.tenants.release = "9.9.9".to_owned();
    lab.config.tenants.images.messaging = "confab-messaging:9.9.9".to_owned();
    let newer: Operator = lab.start_operator();
    let image = |object: &Value| object["spec"]["template"]["spec"]["containers"][0]["image"].clone();
    lab.until(Kind::Deployment, "demo-messaging", |object| image(object) == "confab-messaging:9.9.9").await;
    drop(newer);
}

#[tokio::test]
async fn a_volume_grows_and_the_data_of_a_tenant_follow_its_deletion_policy() {
    let lab = Lab::new().await;
    lab.apply_tenant("demo", json!({"domain": "chat.example.com", "placement": {"mode": "Dedicated"}})).await;
    lab.until(Kind::PersistentVolumeClaim, "demo-data", |_| true).await;
    let mut spec = json!({"domain": "chat.example.com", "placement": {"mode": "Dedicated"}, "database": {"embedded": {"storage": {"size": "20Gi"}}}});
    lab.apply_tenant("demo", spec.clone()).await;
    // A claim that is bound to nothing cannot grow: the API server says so, and the tenant says it on.
    lab.until_condition("demo", "Stalled", "True/Refused").await;
    spec["deletionPolicy"] = "Delete".into();
    spec["database"]["embedded"]["storage"] = json!({"size": "20Gi"});
    lab.apply_tenant("demo", spec).await;
    lab.until(Kind::Secret, "demo-master-key", |secret| secret["metadata"]["ownerReferences"].is_array()).await;
    let retained = lab.tenant("demo").await["status"]["retained"].clone();
    assert!(eventually(async || lab.tenant("demo").await["status"]["retained"].is_null()).await, "{retained}");
}
