mod any;
mod managed;
mod server;

use serde_json::{Value, json};

use super::{differs, seen};

const MANAGER: &str = "confab-operator";

/// A live object as the server gives it after an apply of `desired`.
fn live(fields: &Value, object: &Value) -> Value {
    let mut live = object.clone();
    live["metadata"]["managedFields"] = json!([
        {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}},
        {"manager": MANAGER, "operation": "Apply", "fieldsV1": fields},
    ]);
    live
}

fn desired() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "a", "namespace": "n", "labels": {"app": "a"}},
        "spec": {"template": {"spec": {"containers": [
            {"name": "main", "image": "i:1", "ports": [{"containerPort": 80}], "resources": {"limits": {"cpu": "0.5", "memory": "1024Mi"}}}
        ]}}}
    })
}

fn fields() -> Value {
    json!({
        "f:metadata": {"f:labels": {"f:app": {}}},
        "f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"main\"}": {
            ".": {}, "f:name": {}, "f:image": {},
            "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}},
            "f:resources": {"f:limits": {"f:cpu": {}, "f:memory": {}}}
        }}}}}
    })
}

fn stored() -> Value {
    let mut stored = desired();
    let container = &mut stored["spec"]["template"]["spec"]["containers"][0];
    container["resources"]["limits"] = json!({"cpu": "500m", "memory": "1Gi"});
    container["ports"][0]["protocol"] = "TCP".into();
    container["terminationMessagePath"] = "/dev/termination-log".into();
    stored["status"] = json!({"replicas": 1});
    stored
}

#[test]
fn defaults_quantities_and_status_are_no_difference() {
    assert!(!differs(&desired(), &live(&fields(), &stored()), MANAGER));
}

#[test]
fn a_foreign_change_of_an_owned_field_is_a_difference() {
    let mut image = stored();
    image["spec"]["template"]["spec"]["containers"][0]["image"] = "evil".into();
    assert!(differs(&desired(), &live(&fields(), &image), MANAGER));
    let mut amount = stored();
    amount["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"] = "2".into();
    assert!(differs(&desired(), &live(&fields(), &amount), MANAGER));
    let mut gone = stored();
    gone["metadata"]["labels"] = json!({});
    assert!(differs(&desired(), &live(&fields(), &gone), MANAGER));
    let mut container = stored();
    container["spec"]["template"]["spec"]["containers"] = json!([]);
    assert!(differs(&desired(), &live(&fields(), &container), MANAGER));
}

#[test]
fn what_others_added_is_theirs() {
    let mut stored = stored();
    stored["metadata"]["annotations"] = json!({"theirs": "x"});
    stored["spec"]["template"]["spec"]["containers"].as_array_mut().unwrap().push(json!({"name": "sidecar"}));
    assert!(!differs(&desired(), &live(&fields(), &stored), MANAGER));
}

#[test]
fn a_field_that_is_no_longer_wanted_is_a_difference() {
    let mut wanted = desired();
    wanted["metadata"]["labels"] = json!({"app": "a", "old": "x"});
    let mut owned = fields();
    owned["f:metadata"]["f:labels"]["f:old"] = json!({});
    let mut there = stored();
    there["metadata"]["labels"]["old"] = "x".into();
    assert!(!differs(&wanted, &live(&owned, &there), MANAGER));
    assert!(differs(&desired(), &live(&owned, &there), MANAGER));
}

#[test]
fn a_wanted_field_that_somebody_else_owns_is_a_difference() {
    let mut wanted = desired();
    wanted["metadata"]["labels"]["new"] = "x".into();
    let mut there = stored();
    there["metadata"]["labels"]["new"] = "x".into();
    assert!(differs(&wanted, &live(&fields(), &there), MANAGER));
}

#[test]
fn an_object_that_we_never_applied_is_a_difference() {
    assert!(differs(&desired(), &stored(), MANAGER));
    assert!(differs(&desired(), &live(&fields(), &stored()), "somebody-else"));
}

#[test]
fn sets_and_whole_lists_are_compared_by_their_members() {
    let wanted = json!({"metadata": {"name": "a", "finalizers": ["confab.dev/a"]}, "spec": {"hosts": ["a", "b"], "rules": [{"port": 1}]}});
    let owned = json!({
        "f:metadata": {"f:finalizers": {".": {}, "v:\"confab.dev/a\"": {}}},
        "f:spec": {"f:hosts": {}, "f:rules": {}},
    });
    let mut there = wanted.clone();
    there["metadata"]["finalizers"] = json!(["theirs", "confab.dev/a"]);
    there["spec"]["rules"][0]["protocol"] = "TCP".into();
    assert!(!differs(&wanted, &live(&owned, &there), MANAGER));
    there["spec"]["hosts"] = json!(["b", "a"]);
    assert!(differs(&wanted, &live(&owned, &there), MANAGER));
}

#[test]
fn strange_input_is_a_difference_and_no_panic() {
    for strange in [json!(null), json!([]), json!({"metadata": {"managedFields": "x"}})] {
        assert!(differs(&desired(), &strange, MANAGER));
    }
    let broken = json!({"k:{": {}, "f:spec": "x", "v:": {}, "q:": {}});
    assert!(differs(&desired(), &live(&broken, &stored()), MANAGER));
}

#[test]
fn what_is_shown_beside_what_is_wanted_is_ours_alone_and_spelled_alike() {
    let mut there = stored();
    there["metadata"]["annotations"] = json!({"theirs": "x"});
    there["spec"]["template"]["spec"]["containers"].as_array_mut().unwrap().insert(0, json!({"name": "sidecar"}));
    assert_eq!(seen(&desired(), &live(&fields(), &there), MANAGER), desired());
    let mut changed = there.clone();
    changed["spec"]["template"]["spec"]["containers"][1]["image"] = "evil".into();
    let mut expected = desired();
    expected["spec"]["template"]["spec"]["containers"][0]["image"] = "evil".into();
    assert_eq!(seen(&desired(), &live(&fields(), &changed), MANAGER), expected);
}

#[test]
fn what_we_applied_and_want_no_more_is_shown() {
    let mut owned = fields();
    owned["f:metadata"]["f:labels"]["f:old"] = json!({});
    owned["f:spec"]["f:template"]["f:spec"]["f:containers"]["k:{\"name\":\"former\"}"] = json!({".": {}, "f:name": {}});
    let mut there = stored();
    there["metadata"]["labels"]["old"] = "x".into();
    there["spec"]["template"]["spec"]["containers"].as_array_mut().unwrap().push(json!({"name": "former"}));
    let shown = seen(&desired(), &live(&owned, &there), MANAGER);
    assert_eq!(shown["metadata"]["labels"], json!({"app": "a", "old": "x"}));
    let names: Vec<&str> = shown["spec"]["template"]["spec"]["containers"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    assert_eq!(names, ["main", "former"]);
}

#[test]
fn an_object_of_somebody_else_is_shown_as_far_as_we_want_something_of_it() {
    let shown = seen(&desired(), &stored(), MANAGER);
    assert_eq!(shown["metadata"]["labels"], json!({"app": "a"}));
    assert!(shown["status"].is_null());
    assert_eq!(seen(&desired(), &json!({}), MANAGER)["spec"], Value::Null);
}
