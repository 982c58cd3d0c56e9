//! Volumes for claims: folders of the node. A real cluster has a driver for that; ours looks at all claims and volumes from time
//! to time, makes a volume for each claim that lacks one, and removes those that were given back.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::api::Api;
use super::plan::Plan;

/// The class of our volumes, and who provides them.
const CLASS: &str = "local";
const PROVISIONER: &str = "confab.dev/local";
const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
const VOLUMES: &str = "/api/v1/persistentvolumes";
const CLAIMS: &str = "/api/v1/persistentvolumeclaims";
const PAUSE: Duration = Duration::from_millis(500);

/// Serves claims for ever. A failed pass is said and tried again.
pub async fn provide(plan: &Plan, api: &Api) {
    loop {
        if let Err(error) = pass(plan, api).await {
            eprintln!("volumes: {error:#}");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn pass(plan: &Plan, api: &Api) -> Result<()> {
    let (claims, volumes) = (api.get(CLAIMS).await?, api.get(VOLUMES).await?);
    for action in decide(items(&claims), items(&volumes), plan.name(), &plan.path("volumes")) {
        match action {
            Action::Make { folder, volume } => {
                fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
                api.create(VOLUMES, &volume).await?;
            }
            Action::Remove { folder, name } => {
                // A volume whose data could not be removed stays, and is seen again.
                if folder.exists() {
                    fs::remove_dir_all(&folder).with_context(|| format!("{} cannot be removed", folder.display()))?;
                }
                api.delete(&format!("{VOLUMES}/{name}")).await?;
            }
        }
    }
    Ok(())
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
enum Action {
    Make { folder: PathBuf, volume: Value },
    Remove { folder: PathBuf, name: String },
}

fn items(list: &Value) -> &[Value] {
    list["items"].as_array().map_or(&[], Vec::as_slice)
}

fn decide(claims: &[Value], volumes: &[Value], node: &str, root: &Path) -> Vec<Action> {
    let name = |volume: &Value| volume["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let waiting = claims.iter().filter(|claim| {
        claim["spec"]["storageClassName"] == CLASS
            && claim["spec"]["volumeName"].is_null()
            && claim["metadata"]["deletionTimestamp"].is_null()
    });
    let made = waiting.filter_map(|claim| volume_for(claim, node, root)).filter(|volume| {
        let wanted = name(volume);
        volumes.iter().all(|present| name(present) != wanted)
    });
    let made = made.map(|volume| Action::Make { folder: root.join(name(&volume)), volume });
    let given_back = volumes.iter().filter(|volume| {
        volume["metadata"]["annotations"][PROVISIONED_BY] == PROVISIONER
            && volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
            && volume["status"]["phase"] == "Released"
    });
    let removed = given_back.map(|volume| Action::Remove { folder: root.join(name(volume)), name: name(volume) });
    made.chain(removed).collect()
}

/// A volume that only this claim can have. Local volumes, unlike host paths, get the group that a pod asks for (`fsGroup`).
fn volume_for(claim: &Value, node: &str, root: &Path) -> Option<Value> {
    let metadata = &claim["metadata"];
    let name = format!("pvc-{}", metadata["uid"].as_str()?);
    Some(json!({
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {PROVISIONED_BY: PROVISIONER}},
        "spec": {
            "storageClassName": CLASS,
            "persistentVolumeReclaimPolicy": "Delete",
            "accessModes": claim["spec"]["accessModes"],
            "volumeMode": claim["spec"]["volumeMode"],
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
            "local": {"path": root.join(&name)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]},
            ]}]}},
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(class: &str, volume: Option<&str>) -> Value {
        json!({
            "metadata": {"name": "data", "namespace": "chat", "uid": "1-2"},
            "spec": {
                "storageClassName": class,
                "volumeName": volume,
                "accessModes": ["ReadWriteOnce"],
                "volumeMode": "Filesystem",
                "resources": {"requests": {"storage": "1Gi"}},
            },
        })
    }

    fn volume(provisioner: &str, policy: &str, phase: &str) -> Value {
        json!({
            "metadata": {"name": "pvc-1-2", "annotations": {PROVISIONED_BY: provisioner}},
            "spec": {"persistentVolumeReclaimPolicy": policy},
            "status": {"phase": phase},
        })
    }

    fn decided(claims: &[Value], volumes: &[Value]) -> Vec<Action> {
        decide(claims, volumes, "node", Path::new("/volumes"))
    }

    #[test]
    fn a_claim_of_our_class_that_lacks_a_volume_gets_one() {
        let actions = decided(&[claim(CLASS, None)], &[]);
        let [Action::Make { folder, volume }] = actions.as_slice() else { panic!("{actions:?}") };
        assert_eq!(folder, Path::new("/volumes/pvc-1-2"));
        assert_eq!(volume["spec"]["local"]["path"], "/volumes/pvc-1-2");
        assert_eq!(volume["spec"]["claimRef"]["uid"], "1-2");
        assert_eq!(volume["spec"]["capacity"]["storage"], "1Gi");
    }

    #[test]
    fn other_claims_get_none() {
        let mut leaving = claim(CLASS, None);
        leaving["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert_eq!(decided(&[claim("other", None), claim(CLASS, Some("pvc-1-2")), leaving], &[]), []);
        assert_eq!(decided(&[claim(CLASS, None)], &[volume(PROVISIONER, "Delete", "Pending")]), []);
    }

    #[test]
    fn only_our_volumes_go_and_only_when_they_were_given_back() {
        let expected = Action::Remove { folder: "/volumes/pvc-1-2".into(), name: "pvc-1-2".to_owned() };
        assert_eq!(decided(&[], &[volume(PROVISIONER, "Delete", "Released")]), [expected]);
        let kept = [
            volume("other", "Delete", "Released"),
            volume(PROVISIONER, "Retain", "Released"),
            volume(PROVISIONER, "Delete", "Bound"),
        ];
        assert_eq!(decided(&[], &kept), []);
    }
}
