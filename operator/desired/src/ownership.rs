//! Whose an object is, and which of ours are not wanted any more.

use serde_json::Value;

use crate::check::Stall;
use crate::kind::Kind;
use crate::names::{FIELD_MANAGER, INSTANCE, MANAGED_BY};
use crate::object::Object;
use crate::reason::{Reason, condition};

/// Whether a live object was made for the tenant that wants `object`: by its owner, or, of what outlives a tenant, by its labels.
pub fn is_ours(live: &Value, object: &Object) -> bool {
    let wanted = &object.value["metadata"];
    let owner = |metadata: &Value| metadata["ownerReferences"][0]["uid"].as_str().map(str::to_owned);
    let found = &live["metadata"];
    let owners = found["ownerReferences"].as_array().cloned().unwrap_or_default();
    if let Some(uid) = owner(wanted)
        && owners.iter().any(|owner| owner["uid"] == uid.as_str())
    {
        return true;
    }
    let labelled =
        found["labels"][MANAGED_BY] == FIELD_MANAGER && found["labels"][INSTANCE] == wanted["labels"][INSTANCE];
    // What another object controls is that one's, whatever its labels say.
    labelled && !owners.iter().any(|owner| owner["controller"] == true && owner["kind"] != "ChatTenant")
}

/// What to say of an object that is not ours.
pub fn not_ours(object: &Object) -> Stall {
    let kind = object.kind.spelling().kind;
    let message = format!(
        "{kind} {} exists and was not made for this tenant; rename or delete it, or create the ChatTenant under another name",
        object.name
    );
    Stall::new(condition::WORKLOADS, Reason::ObjectNotOurs, message)
}

/// Which of a tenant's live objects are wanted no more. Data are never among them, and a Config is kept while pods of an older
/// template may still start with it.
pub fn unwanted<V: AsRef<Value> + Clone>(children: &[(Kind, V)], wanted: &[Object], settled: bool) -> Vec<(Kind, V)> {
    let is_wanted = |kind: Kind, child: &Value| {
        let name = child["metadata"]["name"].as_str();
        wanted.iter().any(|object| object.kind == kind && Some(object.name.as_str()) == name)
    };
    let may_go = |kind: Kind| match kind {
        Kind::PersistentVolumeClaim | Kind::Cluster | Kind::Secret => false,
        Kind::ConfigMap => settled,
        _ => true,
    };
    let is_leaving = |child: &Value| child["metadata"]["deletionTimestamp"].is_string();
    let unwanted = children.iter().filter(|(kind, child)| {
        let child = child.as_ref();
        may_go(*kind) && !is_wanted(*kind, child) && !is_leaving(child)
    });
    let mut unwanted: Vec<(Kind, V)> = unwanted.cloned().collect();
    // The opposite of the order in which they are applied.
    unwanted.sort_by_key(|(kind, _)| std::cmp::Reverse(Kind::ALL.iter().position(|known| known == kind)));
    unwanted
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn wanted() -> Object {
        let labels = json!({ MANAGED_BY: FIELD_MANAGER, INSTANCE: "demo" });
        let owners = json!([{"uid": "u1", "kind": "ChatTenant", "controller": true}]);
        Object::new(Kind::Service, &json!({"metadata": {"name": "demo", "labels": labels, "ownerReferences": owners}}))
    }

    #[test]
    fn an_object_is_ours_by_its_owner_or_by_its_labels_and_never_when_another_controls_it() {
        let live = |metadata: Value| json!({ "metadata": metadata });
        let labels = json!({ MANAGED_BY: FIELD_MANAGER, INSTANCE: "demo" });
        assert!(is_ours(&live(json!({"ownerReferences": [{"uid": "u1"}]})), &wanted()));
        assert!(is_ours(&live(json!({"labels": labels})), &wanted()), "what outlived a former tenant of that name");
        assert!(!is_ours(&live(json!({})), &wanted()));
        assert!(!is_ours(&live(json!({"labels": {INSTANCE: "demo"}})), &wanted()));
        assert!(!is_ours(&live(json!({"labels": {MANAGED_BY: FIELD_MANAGER, INSTANCE: "other"}})), &wanted()));
        let helm =
            json!({"labels": labels, "ownerReferences": [{"uid": "x", "kind": "HelmRelease", "controller": true}]});
        assert!(!is_ours(&live(helm), &wanted()));
    }

    #[test]
    fn data_are_never_pruned_and_a_config_not_before_the_rollout_has_settled() {
        let child = |kind: Kind, name: &str| (kind, Arc::new(json!({"metadata": {"name": name}})));
        let children = [
            child(Kind::PersistentVolumeClaim, "data"),
            child(Kind::Cluster, "database"),
            child(Kind::ConfigMap, "old"),
            child(Kind::Service, "demo"),
            child(Kind::Deployment, "old"),
            child(Kind::Ingress, "old"),
        ];
        let names = |settled| -> Vec<Kind> {
            unwanted(&children, &[wanted()], settled).into_iter().map(|(kind, _)| kind).collect()
        };
        assert_eq!(names(false), [Kind::Ingress, Kind::Deployment]);
        assert_eq!(names(true), [Kind::Ingress, Kind::Deployment, Kind::ConfigMap]);
    }
}
