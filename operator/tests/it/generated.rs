//! Generated changes of a spec, valid and invalid, with drift in between: wherever they lead, the last spec decides.

use confab_desired::Kind;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::lab::{Lab, eventually};
use crate::outcome::{objects, same};

/// What a spec may say, beside what never changes. No member is ever an empty map that held something before: the API server's
/// merge makes null of such a one, and refuses it itself.
fn random_spec(random: &mut StdRng) -> Value {
    let mut spec = json!({
        "domain": "chat.example.com",
        "placement": {"mode": "Dedicated"},
        "database": {"postgres": {"secretRef": {"name": *["db", "db", "db", "gone"].choose(random).expect("some")}}},
    });
    let redis = [
        None,
        Some(json!({"managed": {}})),
        Some(json!({"secretRef": {"name": "redis"}})),
        Some(json!({"secretRef": {"name": "gone"}})),
    ];
    let redis = redis.choose(random).expect("some").clone();
    let several = redis.is_some();
    let mut say = |field: &str, value: Value| spec[field] = value;
    if let Some(redis) = redis {
        say("redis", redis);
    }
    if several && random.random_bool(0.5) {
        say("replicas", random.random_range(1..4).into());
    }
    if several && random.random_bool(0.5) {
        say("presence", json!({"replicas": {"min": 2, "max": 5}, "scheduling": {"nodeSelector": {"pool": "chat"}}}));
    }
    if random.random_bool(0.5) {
        say("messaging", json!({"resources": {"requests": {"cpu": "0.25", "memory": "0.5Gi"}}}));
    }
    let gateways = [
        json!({"ingress": {"className": "traefik"}}),
        json!({"ingress": {"annotations": {"a": "b"}, "className": "nginx"}, "trustedProxies": ["10.0.0.0/8"]}),
        json!({"ingress": {"tls": {"secretName": "gone"}}}),
        json!({"httpRoute": {"parentRefs": [{"name": "g"}]}}),
    ];
    if random.random_bool(0.5) {
        say("gateway", gateways.choose(random).expect("some").clone());
    }
    if random.random_bool(0.3) {
        say("hibernated", true.into());
    }
    if random.random_bool(0.2) {
        say("paused", true.into());
    }
    if random.random_bool(0.3) {
        say("deletionPolicy", "Delete".into());
    }
    spec
}

/// Somebody's hand in the cluster.
async fn drift(lab: &Lab, random: &mut StdRng) {
    let kind = *[Kind::Service, Kind::ConfigMap, Kind::NetworkPolicy, Kind::Deployment].choose(random).expect("some");
    let mine = ListParams::default().labels("app.kubernetes.io/instance=demo");
    let there = lab.api(kind).list(&mine).await.expect("a list").items;
    let Some(object) = there.choose(random) else { return };
    let name = object.metadata.name.clone().expect("a name");
    if random.random_bool(0.5) {
        let _ = lab.api(kind).delete(&name, &DeleteParams::default()).await;
    } else {
        let labels = json!({"metadata": {"labels": {"app.kubernetes.io/part-of": "evil", "theirs": null}}});
        let _ = lab.api(kind).patch(&name, &PatchParams::default(), &Patch::Merge(&labels)).await;
    }
}

fn last_spec() -> Value {
    json!({
        "domain": "chat.example.com",
        "placement": {"mode": "Dedicated"},
        "database": {"postgres": {"secretRef": {"name": "db"}}},
        "redis": {"managed": {}},
        "presence": {"replicas": {"min": 4}},
        "gateway": {"ingress": {"className": "traefik"}},
    })
}

async fn lab() -> Lab {
    let lab = Lab::new().await;
    lab.make_secret("db", &[("uri", "postgres://u:p@db.example.com/chat")]).await;
    lab.make_secret("redis", &[("uri", "redis://:p@redis.example.com")]).await;
    lab
}

async fn walk(seed: u64, steps: usize) {
    let mut random = StdRng::seed_from_u64(seed);
    let lab = lab().await;
    for step in 0..steps {
        let spec = random_spec(&mut random);
        lab.apply_tenant("demo", spec).await;
        drift(&lab, &mut random).await;
        if step % 3 == 0 {
            lab.quiet().await;
        }
    }
    lab.apply_tenant("demo", last_spec()).await;
    let generation = lab.tenant("demo").await["metadata"]["generation"].clone();
    assert!(eventually(async || lab.tenant("demo").await["status"]["observedGeneration"] == generation).await);
    lab.until_condition("demo", "Workloads", "False/RollingOut").await;
    lab.quiet().await;
    let fresh = {
        let fresh = self::lab().await;
        fresh.apply_tenant("demo", last_spec()).await;
        fresh.until_condition("demo", "Workloads", "False/RollingOut").await;
        fresh.quiet().await;
        objects(&fresh).await
    };
    let mut walked = objects(&lab).await;
    // Pods of an older template may still start with their Config, as long as no rollout has settled: here none ever does.
    walked.retain(|name, _| !name.starts_with("ConfigMap") || fresh.contains_key(name));
    same(&walked, &fresh, &format!("after the walk of seed {seed}"));
    let writes = lab.quiet().await;
    lab.merge_tenant("demo", json!({"metadata": {"annotations": {"example.com/note": "x"}}})).await;
    assert_eq!(lab.quiet().await, writes, "seed {seed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_changes_led_the_last_spec_decides() {
    futures_util::future::join_all((1..=6).map(|seed| walk(seed, 12))).await;
}
