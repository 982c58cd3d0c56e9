//! Everything that the operator does.

use confab_chassis::health::Health;
use confab_chassis::telemetry::Metrics;
use confab_desired::delivery::{NAMESPACE, roles};
use confab_desired::permissions::{KEY_SECRET, LEASE};
use confab_desired::{FIELD_MANAGER, Kind};
use confab_operator::config::{ElectionConfig, OperatorConfig};
use confab_operator::controller::{Parts, WATCHES};
use confab_testbed::kubernetes::ApiServer;
use kube::api::DeleteParams;
use kube::{Client, Config};
use serde_json::{Value, json};

use super::audit;
use crate::account;
use crate::kubectl::kubectl;
use crate::lab::{Lab, Operator, eventually};

/// Where the tenants live: those with pods of their own, and the guest of one of them.
pub const NAMESPACES: [&str; 2] = ["tenants", "guests"];
const URL: &str = "postgres://u:p@db.example.com/chat";

/// Does everything, looking after the namespaces that are named, or after all.
pub async fn play(server: &ApiServer, admin: Client, operator: Config, watched: &[&str]) {
    let config = OperatorConfig {
        namespace: NAMESPACE.to_owned(),
        watch_namespaces: watched.iter().map(|&name| name.to_owned()).collect(),
        election: ElectionConfig { duration_seconds: 6, ..ElectionConfig::default() },
        ..OperatorConfig::default()
    };
    let [tenants, guests] = NAMESPACES.map(|namespace| Lab::of(namespace, &admin, &config, &operator));
    leftovers(&admin).await;
    let start =
        || Operator::start(Parts::new(config.clone(), operator.clone(), Metrics::new(), Health::new(&[WATCHES])));
    let first = start();
    made(&tenants, &guests).await;
    let standby = start();
    kept(&tenants).await;
    told(&tenants).await;
    elected(server).await;
    handed_over(&tenants).await;
    first.stop().await;
    ended(&tenants).await;
    standby.stop().await;
    let own = Lab::of(NAMESPACE, &admin, &tenants.config, &tenants.cluster);
    assert!(own.get(Kind::Secret, KEY_SECRET).await.is_some());
}

/// What an older release may have left: an object of every kind that is pruned.
async fn leftovers(admin: &Client) {
    let pruned = Kind::ALL.into_iter().filter(|kind| !holds_data(*kind));
    let objects: Vec<Value> = pruned.map(leftover).collect();
    account::apply(admin, &objects).await;
}

fn holds_data(kind: Kind) -> bool {
    matches!(kind, Kind::Secret | Kind::PersistentVolumeClaim | Kind::Cluster)
}

fn leftover(kind: Kind) -> Value {
    let labels = json!({"app.kubernetes.io/managed-by": FIELD_MANAGER, "app.kubernetes.io/instance": "small"});
    let pods = json!({
        "metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    let selector = json!({"matchLabels": {"a": "b"}});
    let spec = match kind {
        Kind::NetworkPolicy => json!({"podSelector": {}}),
        Kind::Service => json!({"ports": [{"port": 1}]}),
        Kind::StatefulSet => json!({"selector": selector, "template": pods, "serviceName": "x", "replicas": 0}),
        Kind::Deployment => json!({"selector": selector, "template": pods, "replicas": 0}),
        Kind::PodDisruptionBudget => json!({"selector": selector}),
        Kind::HorizontalPodAutoscaler => {
            json!({"maxReplicas": 2, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}})
        }
        Kind::Ingress => json!({"defaultBackend": {"service": {"name": "x", "port": {"number": 1}}}}),
        _ => Value::Null,
    };
    let spelling = kind.spelling();
    let mut object = json!({
        "apiVersion": spelling.api_version(), "kind": spelling.kind,
        "metadata": {"name": "left-over", "namespace": NAMESPACES[0], "labels": labels},
    });
    if !spec.is_null() {
        object["spec"] = spec;
    }
    object
}

/// Tenants of each kind.
async fn made(tenants: &Lab, guests: &Lab) {
    let selected = json!({"from": "Selector", "selector": {"matchLabels": {"chat": "allowed"}}});
    let small = json!({
        "domain": "small.example.com", "placement": {"mode": "Dedicated"}, "allowedTenants": {"namespaces": selected},
    });
    tenants.apply_tenant("small", small).await;
    tenants.until(Kind::StatefulSet, "small-serve", |_| true).await;
    for kind in Kind::ALL.into_iter().filter(|kind| !holds_data(*kind) && *kind != Kind::ConfigMap) {
        tenants.until_gone(kind, "left-over").await;
    }

    tenants.make_secret("db", &[("uri", URL)]).await;
    tenants.apply_tenant("large", large(false)).await;
    tenants.until(Kind::Ingress, "large", |_| true).await;
    tenants.until(Kind::HorizontalPodAutoscaler, "large-messaging", |_| true).await;
    tenants.until(Kind::Certificate, "large-tls", |_| true).await;
    tenants.until(Kind::ServiceMonitor, "large", |_| true).await;
    tenants.until(Kind::StatefulSet, "large-redis", |_| true).await;

    let routed = json!({
        "domain": "routed.example.com", "placement": {"mode": "Dedicated"},
        "database": {"cloudNativePG": {"instances": 1, "storage": {"size": "1Gi"}}},
        "gateway": {"httpRoute": {"parentRefs": [{"name": "web"}]}},
    });
    tenants.apply_tenant("routed", routed).await;
    tenants.until(Kind::Cluster, "routed-database", |_| true).await;
    tenants.make_secret("routed-database-app", &[("uri", URL)]).await;
    tenants.until(Kind::HttpRoute, "routed", |_| true).await;

    let host = json!({"hostRef": {"name": "small", "namespace": NAMESPACES[0]}});
    guests.apply_tenant("guest", json!({"domain": "guest.example.com", "placement": host})).await;
    // Nobody runs the host's pods: this far the guest is admitted.
    guests.until_condition("guest", "Host", "False/HostUnreachable").await;
}

fn large(hibernated: bool) -> Value {
    json!({
        "domain": "large.example.com", "placement": {"mode": "Dedicated"},
        "database": {"postgres": {"secretRef": {"name": "db"}}},
        "redis": {"managed": {}},
        "messaging": {"replicas": {"min": 2, "max": 4}},
        "gateway": {"ingress": {"tls": {"certManager": {"issuerRef": {"name": "letsencrypt"}}}}},
        "hibernated": hibernated,
    })
}

/// Drift, sleep, a rollout that has settled, and another answer to what goes with the tenant.
async fn kept(tenants: &Lab) {
    tenants.delete(Kind::Service, "large-messaging").await;
    tenants.until(Kind::Service, "large-messaging", |_| true).await;
    tenants.apply_tenant("large", large(true)).await;
    tenants.until(Kind::Deployment, "large-presence", |deployment| deployment["spec"]["replicas"] == 0).await;
    tenants.until_gone(Kind::HorizontalPodAutoscaler, "large-messaging").await;
    tenants.apply_tenant("large", large(false)).await;
    tenants.until(Kind::HorizontalPodAutoscaler, "large-messaging", |_| true).await;

    let settled = json!({"status": {
        "observedGeneration": tenants.get(Kind::StatefulSet, "small-serve").await.expect("it is there")["metadata"]["generation"],
        "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1,
    }});
    tenants.merge_status(Kind::StatefulSet, "small-serve", settled).await;
    tenants.until_gone(Kind::ConfigMap, "left-over").await;

    for tenant in ["small", "large", "routed"] {
        tenants.merge_tenant(tenant, json!({"spec": {"deletionPolicy": "Delete"}})).await;
    }
    let owned = |object: &Value| object["metadata"]["ownerReferences"].is_array();
    tenants.until(Kind::PersistentVolumeClaim, "small-data", owned).await;
    tenants.until(Kind::Cluster, "routed-database", owned).await;
    for tenant in ["small", "large", "routed"] {
        tenants.until(Kind::Secret, &format!("{tenant}-master-key"), owned).await;
    }
}

/// The same event twice.
async fn told(tenants: &Lab) {
    let lost = json!({
        "domain": "lost.example.com", "placement": {"mode": "Dedicated"},
        "database": {"postgres": {"secretRef": {"name": "lost"}}},
    });
    tenants.apply_tenant("lost", lost).await;
    for _ in 0..2 {
        tenants.until_condition("lost", "Stalled", "True/SecretNotFound").await;
        tenants.make_secret("lost", &[("uri", URL)]).await;
        tenants.until_condition("lost", "Workloads", "False/RollingOut").await;
        tenants.delete(Kind::Secret, "lost").await;
    }
    tenants.until_condition("lost", "Stalled", "True/SecretNotFound").await;
}

/// Somebody touches the Lease between two renewals.
async fn elected(server: &ApiServer) {
    let user = format!("system:serviceaccount:{NAMESPACE}:{}", roles::NAME);
    let looked = |request: &Value| request["verb"] == "get" && request["objectRef"]["resource"] == "leases";
    let mut touches = 0;
    let again = eventually(async || {
        touches += 1;
        let note = format!("touched={touches}");
        let arguments = ["annotate", "lease", LEASE, "-n", NAMESPACE, "--overwrite", &note];
        kubectl(server.kubectl(), &arguments, "").expect("it can be touched");
        audit::requests(server, &user).iter().any(looked)
    });
    assert!(again.await, "the operator never looked again at a Lease that it could not renew");
}

/// A tenant of another operator, which is gone.
async fn handed_over(tenants: &Lab) {
    let spec = json!({"domain": "moved.example.com", "placement": {"mode": "Dedicated"}, "paused": true});
    tenants.apply_tenant("moved", spec).await;
    tenants.until_condition("moved", "Paused", "True/Paused").await;
    let before = json!({"status": {"operator": format!("{}/other", NAMESPACES[0])}});
    tenants.merge_tenant_status("moved", before).await;
    tenants.merge_tenant("moved", json!({"spec": {"paused": false}})).await;
    tenants.until(Kind::StatefulSet, "moved-serve", |_| true).await;
}

/// Deletions, with and without a finalizer.
async fn ended(tenants: &Lab) {
    for tenant in ["large", "small", "routed", "lost", "moved"] {
        tenants.tenants().delete(tenant, &DeleteParams::default()).await.expect("it can be deleted");
    }
    for tenant in ["large", "small", "routed", "lost", "moved"] {
        let gone = async || tenants.tenants().get_opt(tenant).await.expect("an answer").is_none();
        assert!(eventually(gone).await, "{tenant} does not end");
    }
}

/// A namespace whose label admits guests.
pub fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"chat": "allowed"}}})
}

/// The uid of an object, as an administrator sees it.
pub fn uid(server: &ApiServer, namespace: &str, object: &str) -> String {
    kubectl(server.kubectl(), &["get", "-n", namespace, object, "-o", "jsonpath={.metadata.uid}"], "")
        .expect("it is there")
}

/// Whether an account may give the object `data` an owner.
pub fn own(server: &ApiServer, account: &str, namespace: &str, resource: &str, uid: &str) -> Result<String, String> {
    let owner = json!({
        "apiVersion": "confab.dev/v1alpha1", "kind": "ChatTenant", "name": "owner", "uid": uid,
        "controller": true, "blockOwnerDeletion": true,
    });
    let patch = json!({"metadata": {"ownerReferences": [owner]}}).to_string();
    let identity = account::identity(server, NAMESPACE, account);
    let arguments = ["patch", resource, "data", "-n", namespace, "--type=merge", "--dry-run=server", "-p", &patch];
    kubectl(identity.kubectl(), &arguments, "")
}
