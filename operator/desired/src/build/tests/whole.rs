//! What holds for every tenant.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;

use crate::build::{Former, objects};
use crate::fixture::random::dedicated;
use crate::fixture::{CANARY, SHAPES, all, checked, settings, tenant, wanted};
use crate::kind::Kind;
use crate::names::FIELD_MANAGER;
use crate::object::Object;
use crate::quantity::canonical;

/// What is wrong with the objects of a tenant.
fn faults(objects: &[Object], name: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    for object in objects {
        let (kind, metadata) = (object.kind.spelling().kind, &object.value["metadata"]);
        let mut rule = |holds: bool, what: &str| {
            if !holds {
                faults.push(format!("{kind} {}: {what}", object.name));
            }
        };
        rule(seen.insert((object.kind, object.name.clone())), "twice");
        rule(metadata["name"] == object.name.as_str(), "another name");
        rule(metadata["namespace"] == "chat" && object.namespace() == "chat", "another namespace");
        rule(object.value["kind"] == kind, "another kind");
        rule(object.value["apiVersion"] == object.kind.spelling().api_version(), "another version");
        let labels = &metadata["labels"];
        rule(labels["app.kubernetes.io/managed-by"] == FIELD_MANAGER, "not labelled as ours");
        rule(labels["app.kubernetes.io/instance"] == name, "not labelled with its tenant");
        rule(
            labels["app.kubernetes.io/name"] == "confab" && labels["app.kubernetes.io/part-of"] == "confab",
            "no label",
        );
        rule(object.name == name || object.name.starts_with(&format!("{name}-")), "not named after its tenant");
        rule(fits(object), "a name that does not fit");
        rule(!any(&object.value, &|value| value.is_null()), "a null");
        rule(!any(&object.value, &|value| *value == Value::Array(Vec::new())), "an empty list");
        rule(
            amounts(&object.value).iter().all(|amount| canonical(amount) == *amount),
            "an amount that is stored otherwise",
        );
    }
    faults
}

/// A label holds 63 characters: so do names of Services (DNS) and of what labels its pods with its name.
fn fits(object: &Object) -> bool {
    let most = match object.kind {
        // `controller-revision-hash` is the name with a hash of ten and a hyphen.
        Kind::StatefulSet => 52,
        _ => 63,
    };
    let values = object.value["metadata"]["labels"].as_object().into_iter().flatten();
    object.name.len() <= most
        && values.into_iter().all(|(_, value)| value.as_str().is_some_and(|value| value.len() <= 63))
}

fn any(value: &Value, is: &dyn Fn(&Value) -> bool) -> bool {
    let below = match value {
        Value::Object(map) => map.values().any(|member| any(member, is)),
        Value::Array(list) => list.iter().any(|member| any(member, is)),
        _ => false,
    };
    is(value) || below
}

/// Every amount of an object.
fn amounts(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, member)| match member {
                Value::Object(amounts) if key == "requests" || key == "limits" => {
                    amounts.values().map(|amount| amount.as_str().expect("text").to_owned()).collect()
                }
                Value::String(size) if key == "sizeLimit" || key == "size" => vec![size.clone()],
                member => amounts(member),
            })
            .collect(),
        Value::Array(list) => list.iter().flat_map(amounts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_shape_is_sound_and_in_the_order_of_kinds() {
    for (shape, spec) in SHAPES {
        let wanted = wanted(&tenant(spec));
        assert_eq!(faults(&all(&wanted), "demo"), Vec::<String>::new(), "{shape}");
        let order = |object: &Object| Kind::ALL.iter().position(|kind| *kind == object.kind);
        assert!(wanted.objects.is_sorted_by_key(order), "{shape}");
        assert!(amounts(&wanted.objects.iter().map(|object| object.value.clone()).collect()).len() >= 3, "{shape}");
        assert!(!format!("{wanted:?}").contains(CANARY), "{shape}");
    }
}

#[test]
fn the_search_for_faults_finds_them() {
    let wanted = wanted(&tenant(SHAPES[0].1));
    let spoilt = |change: &dyn Fn(&mut Object)| {
        let mut objects = all(&wanted);
        change(objects.iter_mut().find(|object| object.kind == Kind::StatefulSet).expect("there is one"));
        faults(&objects, "demo").len()
    };
    assert_eq!(spoilt(&|_| ()), 0);
    assert_eq!(spoilt(&|object| object.value["spec"]["x"] = Value::Null), 1);
    assert_eq!(spoilt(&|object| object.value["spec"]["x"] = serde_json::json!([])), 1);
    assert_eq!(spoilt(&|object| object.value["spec"]["limits"] = serde_json::json!({"cpu": "0.5"})), 1);
    assert_eq!(spoilt(&|object| object.value["metadata"]["namespace"] = "other".into()), 1);
    assert_eq!(spoilt(&|object| object.value["metadata"]["labels"] = serde_json::json!({})), 3);
    assert_eq!(spoilt(&|object| object.value["kind"] = "Pod".into()), 1);
    assert!(spoilt(&|object| object.name = "other".to_owned()) >= 2);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_objects_of_any_tenant_are_sound_and_the_same_each_time(tenant in dedicated()) {
        let name = tenant.metadata.name.clone().expect("a name");
        let first = wanted(&tenant);
        prop_assert_eq!(faults(&all(&first), &name), Vec::<String>::new());
        prop_assert_eq!(&wanted(&tenant), &first);
        let order = |object: &Object| Kind::ALL.iter().position(|kind| *kind == object.kind);
        prop_assert!(first.objects.is_sorted_by_key(order));
    }

    #[test]
    fn whatever_changes_pods_is_a_change_of_what_the_spec_says_about_them(before in dedicated(), after in dedicated()) {
        // Another name or kind of database is another tenant.
        let kind = |tenant: &confab_crds::ChatTenant| tenant.resolved().placement.dedicated().map(|pods| pods.database.name());
        prop_assume!(kind(&before) == kind(&after));
        let rename = |mut tenant: confab_crds::ChatTenant| { tenant.metadata.name = Some("demo".to_owned()); tenant };
        let [before, after] = [rename(before), rename(after)].map(|tenant| objects(&checked(&tenant), &settings(), &Former::new()));
        for (old, new) in before.workloads.iter().zip(&after.workloads) {
            let (old, new) = (old.choice.rendered(), new.choice.rendered());
            prop_assert!(old.inputs != new.inputs || (&old.template, &old.config) == (&new.template, &new.config));
        }
        if let (Some(old), Some(new)) = (&before.redis, &after.redis) {
            prop_assert!(old.rendered().inputs != new.rendered().inputs || old.rendered().template == new.rendered().template);
        }
    }
}
