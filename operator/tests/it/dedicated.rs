//! A tenant with pods of its own.

use confab_desired::Kind;
use serde_json::{Value, json};

use crate::lab::Lab;

fn embedded() -> Value {
    json!({"domain": "chat.example.com", "placement": {"mode": "Dedicated"}})
}

fn on_postgres() -> Value {
    json!({
        "domain": "chat.example.com",
        "placement": {"mode": "Dedicated"},
        "database": {"postgres": {"secretRef": {"name": "db"}}},
        "redis": {"managed": {}},
        "gateway": {"ingress": {}},
    })
}

const URL: &str = "postgres://u:canary-password@db.example.com/chat";

#[tokio::test]
async fn an_embedded_tenant_gets_one_process_with_a_volume_and_is_written_once() {
    let lab = Lab::new().await;
    lab.apply_tenant("demo", embedded()).await;
    lab.until_condition("demo", "Reconciling", "True/RollingOut").await;
    for (kind, name) in [
        (Kind::ServiceAccount, "demo"),
        (Kind::Secret, "demo-master-key"),
        (Kind::Secret, "demo-admin-tls"),
        (Kind::NetworkPolicy, "demo"),
        (Kind::NetworkPolicy, "demo-serve"),
        (Kind::PersistentVolumeClaim, "demo-data"),
        (Kind::Service, "demo-serve"),
        (Kind::Service, "demo-serve-pods"),
        (Kind::StatefulSet, "demo-serve"),
        (Kind::PodDisruptionBudget, "demo-serve"),
    ] {
        let object = lab.get(kind, name).await.unwrap_or_else(|| panic!("{kind:?} {name} is missing"));
        let stays = matches!(kind, Kind::PersistentVolumeClaim) || name == "demo-master-key";
        assert_eq!(object["metadata"]["ownerReferences"].is_null(), stays, "{kind:?} {name}");
    }
    let writes = lab.quiet().await;
    lab.merge_tenant("demo", json!({"metadata": {"annotations": {"example.com/note": "x"}}})).await;
    assert_eq!(lab.quiet().await, writes, "a second pass writes nothing");
}

#[tokio::test]
async fn a_tenant_on_postgres_waits_for_its_secret_and_then_gets_everything() {
    let lab = Lab::new().await;
    lab.apply_tenant("demo", on_postgres()).await;
    lab.until_condition("demo", "Stalled", "True/SecretNotFound").await;
    lab.make_secret("db", &[("url", URL)]).await;
    lab.until_condition("demo", "Stalled", "True/SecretKeyMissing").await;
    lab.make_secret("db", &[("uri", "mysql://x")]).await;
    lab.until_condition("demo", "Stalled", "True/SecretValueInvalid").await;
    lab.make_secret("db", &[("uri", URL)]).await;
    lab.until_condition("demo", "Workloads", "False/RollingOut").await;
    for (kind, name) in [
        (Kind::Deployment, "demo-messaging"),
        (Kind::Deployment, "demo-presence"),
        (Kind::StatefulSet, "demo-redis"),
        (Kind::Secret, "demo-redis"),
        (Kind::Ingress, "demo"),
    ] {
        assert!(lab.get(kind, name).await.is_some(), "{kind:?} {name} is missing");
    }
    let status = lab.tenant("demo").await["status"].to_string();
    assert!(!status.contains("canary"), "{status}");
}

#[tokio::test]
async fn drift_of_an_owned_field_and_a_deleted_child_are_repaired_and_what_others_added_is_left_alone() {
    let lab = Lab::new().await;
    lab.make_secret("db", &[("uri", URL)]).await;
    lab.apply_tenant("demo", on_postgres()).await;
    lab.until_condition("demo", "Workloads", "False/RollingOut").await;
    lab.quiet().await;
    lab.delete(Kind::Service, "demo-messaging").await;
    lab.until(Kind::Service, "demo-messaging", |_| true).await;
    let image = json!({"spec": {"template": {"spec": {"containers": [{"name": "messaging", "image": "evil"}]}}}});
    let how = kube::api::PatchParams { field_manager: Some("somebody".to_owned()), ..Default::default() };
    lab.api(Kind::Deployment).patch("demo-messaging", &how, &kube::api::Patch::Strategic(&image)).await.unwrap();
    let container = |deployment: &Value| deployment["spec"]["template"]["spec"]["containers"][0]["image"].clone();
    lab.until(Kind::Deployment, "demo-messaging", |deployment| container(deployment) != "evil").await;
    lab.merge(Kind::Service, "demo-presence", json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": null}}}))
        .await;
    let labelled = |object: &Value| object["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "confab-operator";
    lab.until(Kind::Service, "demo-presence", labelled).await;
    lab.quiet().await;
    let writes = lab.operator().writes();
    lab.merge(Kind::Service, "demo-messaging", json!({"metadata": {"annotations": {"theirs": "x"}}})).await;
    assert_eq!(lab.quiet().await, writes);
    let service = lab.get(Kind::Service, "demo-messaging").await.expect("it is there");
    assert_eq!(service["metadata"]["annotations"]["theirs"], "x");
}

#[tokio::test]
async fn what_is_not_ours_is_never_adopted() {
    let lab = Lab::new().await;
    let foreign = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "demo-serve"}, "spec": {"ports": [{"port": 1}]}});
    let how = kube::api::PatchParams::apply("somebody");
    lab.api(Kind::Service).patch("demo-serve", &how, &kube::api::Patch::Apply(&foreign)).await.unwrap();
    lab.apply_tenant("demo", embedded()).await;
    lab.until_condition("demo", "Stalled", "True/ObjectNotOurs").await;
    let service = lab.get(Kind::Service, "demo-serve").await.expect("it is there");
    assert_eq!(service["spec"]["ports"][0]["port"], 1);
    assert!(service["metadata"]["ownerReferences"].is_null());
    lab.delete(Kind::Service, "demo-serve").await;
    lab.until(Kind::Service, "demo-serve", |service| service["metadata"]["ownerReferences"].is_array()).await;
    lab.until_condition("demo", "Workloads", "False/RollingOut").await;
}

#[tokio::test]
async fn secrets_are_made_once_and_a_lost_master_key_is_not_replaced() {
    let lab = Lab::new().await;
    lab.apply_tenant("demo", embedded()).await;
    lab.until_condition("demo", "Workloads", "False/RollingOut").await;
    let key = lab.get(Kind::Secret, "demo-master-key").await.expect("it is there")["data"].clone();
    lab.merge_tenant("demo", json!({"spec": {"limits": {"groupMembers": 12}}})).await;
    lab.quiet().await;
    assert_eq!(lab.get(Kind::Secret, "demo-master-key").await.expect("it is there")["data"], key);
    lab.delete(Kind::Secret, "demo-master-key").await;
    lab.until_condition("demo", "Stalled", "True/MasterKeyMissing").await;
    assert!(lab.get(Kind::Secret, "demo-master-key").await.is_none());
    lab.make_secret("demo-master-key", &[("master.key", "restored")]).await;
    lab.until_condition("demo", "Stalled", "True/ObjectNotOurs").await;
}

#[tokio::test]
async fn deleting_a_tenant_takes_its_objects_and_leaves_its_data() {
    let lab = Lab::new().await;
    lab.apply_tenant("demo", embedded()).await;
    lab.until_condition("demo", "Workloads", "False/RollingOut").await;
    lab.tenants().delete("demo", &kube::api::DeleteParams::default()).await.unwrap();
    for (kind, name) in
        [(Kind::StatefulSet, "demo-serve"), (Kind::Service, "demo-serve"), (Kind::Secret, "demo-admin-tls")]
    {
        lab.until_gone(kind, name).await;
    }
    assert!(lab.get(Kind::PersistentVolumeClaim, "demo-data").await.is_some());
    assert!(lab.get(Kind::Secret, "demo-master-key").await.is_some());
    // A tenant of the same name takes them up again.
    let key = lab.get(Kind::Secret, "demo-master-key").await.expect("it is there")["data"].clone();
    lab.apply_tenant(
        "demo",
        json!({"domain": "chat.example.com", "placement": {"mode": "Dedicated"}, "deletionPolicy": "Delete"}),
    )
    .await;
    lab.until(Kind::PersistentVolumeClaim, "demo-data", |claim| claim["metadata"]["ownerReferences"].is_array()).await;
    assert_eq!(lab.get(Kind::Secret, "demo-master-key").await.expect("it is there")["data"], key);
    lab.until_condition("demo", "Workloads", "False/RollingOut").await;
    lab.tenants().delete("demo", &kube::api::DeleteParams::default()).await.unwrap();
    lab.until_gone(Kind::Secret, "demo-master-key").await;
}

#[tokio::test]
async fn a_master_key_made_under_delete_outlives_a_tenant_that_turned_to_retain() {
    let lab = Lab::new().await;
    let mut spec = embedded();
    spec["deletionPolicy"] = "Delete".into();
    lab.apply_tenant("demo", spec.clone()).await;
    let owned = |object: &Value| object["metadata"]["ownerReferences"].is_array();
    lab.until(Kind::Secret, "demo-master-key", owned).await;
    spec["deletionPolicy"] = "Retain".into();
    lab.apply_tenant("demo", spec).await;
    lab.until(Kind::Secret, "demo-master-key", |object| !owned(object)).await;
    lab.until(Kind::PersistentVolumeClaim, "demo-data", |object| !owned(object)).await;
}
