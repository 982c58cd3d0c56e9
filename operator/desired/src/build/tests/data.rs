//! Where data lie, and what becomes of them when the tenant goes.

use serde_json::{Value, json};

use super::wanted;
use crate::build::{Former, Wanted, objects};
use crate::check::{Checked, Entry, HostView, References, check};
use crate::fixture::{EMBEDDED, FULL, HOST, SHAPES, all, find, names, references, settings, templates, tenant, with};
use crate::kind::Kind;

#[test]
fn an_embedded_database_lies_on_a_volume_that_is_claimed_apart() {
    let wanted = wanted(EMBEDDED);
    let spec = &find(&wanted, Kind::PersistentVolumeClaim, "demo-data")["spec"];
    assert_eq!(spec["resources"]["requests"], json!({"storage": "1Gi"}));
    assert_eq!((&spec["storageClassName"], &spec["accessModes"]), (&json!("fast"), &json!(["ReadWriteOnce"])));
    let pod = &templates(&wanted)["demo-serve"]["spec"];
    assert!(
        pod["volumes"]
            .as_array()
            .expect("volumes")
            .contains(&json!({"name": "data", "persistentVolumeClaim": {"claimName": "demo-data"}}))
    );
    assert!(
        pod["containers"][0]["volumeMounts"]
            .as_array()
            .expect("mounts")
            .contains(&json!({"name": "data", "mountPath": "/var/lib/confab"}))
    );
    assert!(find(&wanted, Kind::StatefulSet, "demo-serve")["spec"]["volumeClaimTemplates"].is_null());
    for (kind, _) in names(&super::wanted(FULL)) {
        assert_ne!(kind, Kind::PersistentVolumeClaim);
    }
}

/// A host whose CloudNativePG Secret is like this.
fn host(database: Entry) -> Wanted {
    let references = References { database, ..references() };
    let Ok(Checked::Dedicated(checked)) = check(&tenant(HOST), &references, &HostView::default()) else {
        panic!("checked")
    };
    objects(&checked, &settings(), &Former::new())
}

#[test]
fn cloud_native_pg_is_asked_for_a_cluster_and_pods_wait_for_it() {
    let there = wanted(HOST);
    let spec = json!({
        "instances": 3,
        "imageName": "ghcr.io/cloudnative-pg/postgresql:17",
        "storage": {"size": "20Gi", "storageClass": "fast"},
        "bootstrap": {"initdb": {"database": "confab", "owner": "confab"}},
    });
    assert_eq!(find(&there, Kind::Cluster, "demo-database")["spec"], spec);
    assert!(templates(&there)["demo-messaging"].to_string().contains(r#""name":"demo-database-app""#));
    for pending in [host(Entry::NoSecret), host(Entry::NoKey(Vec::new()))] {
        assert_eq!(find(&pending, Kind::Cluster, "demo-database")["spec"], spec);
        assert_eq!(pending.workloads, []);
        let kinds: Vec<Kind> = names(&pending).into_iter().map(|(kind, _)| kind).collect();
        assert!(!kinds.contains(&Kind::Deployment) && !kinds.contains(&Kind::PodDisruptionBudget));
        assert!(kinds.contains(&Kind::NetworkPolicy), "before there is a pod");
    }
}

#[test]
fn a_cluster_without_wishes_has_cloud_native_pgs_own() {
    let plain = wanted(
        &HOST.replace("{instances: 3, storage: {size: 20Gi, storageClassName: fast}, postgresVersion: 17}", "{}"),
    );
    let spec = &find(&plain, Kind::Cluster, "demo-database")["spec"];
    assert_eq!(
        *spec,
        json!({"instances": 2, "storage": {"size": "10Gi"}, "bootstrap": {"initdb": {"database": "confab", "owner": "confab"}}})
    );
}

#[test]
fn data_stay_by_default_with_the_key_that_opens_them_and_go_where_that_is_asked_for() {
    let mut data = 0;
    for (shape, spec) in SHAPES {
        for (tenant, deleted) in [(tenant(spec), false), (with(spec, "deletionPolicy: Delete"), true)] {
            let wanted = crate::fixture::wanted(&tenant);
            for object in all(&wanted) {
                let holds_data = matches!(object.kind, Kind::PersistentVolumeClaim | Kind::Cluster)
                    || object.name == "demo-master-key";
                data += usize::from(holds_data);
                let owned = object.value["metadata"].get("ownerReferences").is_some();
                assert_eq!(owned, deleted || !holds_data, "{shape}: {:?} {}", object.kind, object.name);
            }
        }
    }
    assert_eq!(data, 2 * (2 + 1 + 1 + 2));
}

#[test]
fn the_tenant_is_the_controller_of_what_goes_with_it() {
    let wanted = wanted(FULL);
    let owner = json!([{
        "apiVersion": "confab.dev/v1alpha1", "kind": "ChatTenant", "name": "demo", "uid": "5f3c",
        "controller": true, "blockOwnerDeletion": true,
    }]);
    assert_eq!(find(&wanted, Kind::Service, "demo-presence")["metadata"]["ownerReferences"], owner);
}

#[test]
fn offline_there_is_no_uid_to_refer_to() {
    let mut tenant = tenant(FULL);
    tenant.metadata.uid = None;
    let wanted = crate::fixture::wanted(&tenant);
    assert!(all(&wanted).iter().all(|object| object.value["metadata"]["ownerReferences"] == Value::Null));
}
