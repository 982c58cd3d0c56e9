//! Any tenant: what was applied is no difference, and anything that was changed is one.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::managed::live;
use crate::compare::{differs, seen};
use crate::fixture::random::dedicated;
use crate::fixture::{all, wanted};
use crate::names::FIELD_MANAGER;

/// Paths of everything that is no map and no list, but what names the object.
fn leaves(path: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (field, member) in map {
                let escaped = field.replace('~', "~0").replace('/', "~1");
                leaves(&format!("{path}/{escaped}"), member, found);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for (index, member) in list.iter().enumerate() {
                leaves(&format!("{path}/{index}"), member, found);
            }
        }
        _ if ["/apiVersion", "/kind", "/metadata/name", "/metadata/namespace"].contains(&path) => {}
        _ => found.push(path.to_owned()),
    }
}

/// Something else of the same type.
fn other(value: &Value) -> Value {
    match value {
        Value::String(text) => format!("{text}0").into(),
        Value::Number(number) => (number.as_i64().expect("whole") + 1).into(),
        Value::Bool(flag) => (!flag).into(),
        _ => json!("nothing of the kind"),
    }
}

/// What a cluster adds beside what was applied.
fn grown(mut live: Value) -> Value {
    live["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "1".into();
    live["metadata"]["labels"]["theirs"] = "x".into();
    let containers = live["spec"]["template"]["spec"]["containers"].as_array_mut();
    for container in containers.into_iter().flatten() {
        container["terminationMessagePath"] = "/dev/termination-log".into();
    }
    if let Some(spec) = live.get_mut("spec").and_then(Value::as_object_mut) {
        spec.insert("theirs".to_owned(), json!({"a": [1]}));
    }
    live
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn a_live_object_that_was_applied_as_it_is_wanted_never_differs_and_one_changed_leaf_makes_it_differ(tenant in dedicated()) {
        for object in all(&wanted(&tenant)) {
            let live = grown(live(&object));
            prop_assert!(!differs(&object.value, &live, FIELD_MANAGER), "{:?} {}: {live:#}", object.kind, object.name);
            prop_assert_eq!(&seen(&object.value, &live, FIELD_MANAGER), &object.value);
            let mut paths = Vec::new();
            leaves("", &object.value, &mut paths);
            prop_assert!(paths.len() >= 5);
            for path in paths {
                let mut changed = live.clone();
                let leaf = changed.pointer_mut(&path).expect("it was applied");
                *leaf = other(leaf);
                prop_assert!(differs(&object.value, &changed, FIELD_MANAGER), "{:?} {}: {path}", object.kind, object.name);
                prop_assert_ne!(&seen(&object.value, &changed, FIELD_MANAGER), &object.value, "{}", path);
            }
        }
    }

    #[test]
    fn a_field_that_was_applied_and_is_wanted_no_more_differs(tenant in dedicated()) {
        for object in all(&wanted(&tenant)) {
            let mut former = object.clone();
            former.value["metadata"]["labels"]["dropped"] = "x".into();
            prop_assert!(differs(&object.value, &live(&former), FIELD_MANAGER));
            let mut newer = object.clone();
            newer.value["metadata"]["labels"]["added"] = "x".into();
            let mut theirs = live(&object);
            theirs["metadata"]["labels"]["added"] = "x".into();
            prop_assert!(differs(&newer.value, &theirs, FIELD_MANAGER), "somebody else owns it");
        }
    }
}
