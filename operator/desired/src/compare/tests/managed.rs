//! What the API server records after an apply: `managedFields` of our own entry, made from what was applied.

use serde_json::{Map, Value, json};

use crate::kind::Kind;
use crate::names::FIELD_MANAGER;
use crate::object::Object;

/// How a value is owned.
enum Owned {
    /// Field by field.
    ByField,
    /// As one.
    Whole,
    /// Element by element, by these keys and their defaults.
    ByKey(&'static [(&'static str, Option<&'static str>)]),
}

/// A live object: what was applied, and what the server adds.
pub(super) fn live(object: &Object) -> Value {
    let mut live = object.value.clone();
    live["metadata"]["uid"] = "0815".into();
    live["metadata"]["resourceVersion"] = "7".into();
    live["metadata"]["managedFields"] = json!([
        {"manager": "kubelet", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}},
        {"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": fields_v1(object)},
    ]);
    live["status"] = json!({"observedGeneration": 1});
    live
}

/// The `fieldsV1` of an object that nobody else has applied.
pub(super) fn fields_v1(object: &Object) -> Value {
    let mut fields = Map::new();
    for (field, value) in object.value.as_object().expect("an object") {
        match field.as_str() {
            "apiVersion" | "kind" => {}
            "metadata" => {
                let mut metadata = value.clone();
                let members = metadata.as_object_mut().expect("metadata");
                members.retain(|member, _| !matches!(member.as_str(), "name" | "namespace"));
                fields.insert("f:metadata".to_owned(), of(object.kind, "metadata", &metadata));
            }
            field => {
                fields.insert(format!("f:{field}"), of(object.kind, field, value));
            }
        }
    }
    Value::Object(fields)
}

fn of(kind: Kind, path: &str, value: &Value) -> Value {
    match (how(kind, path, value), value) {
        (Owned::ByField, Value::Object(map)) => {
            let member =
                |(field, value): (&String, &Value)| (format!("f:{field}"), of(kind, &format!("{path}.{field}"), value));
            let mut below: Map<String, Value> = map.iter().map(member).collect();
            // A schema that says nothing of a map lets it be owned by itself.
            if kind.is_optional() && path.starts_with("spec.") {
                below.insert(".".to_owned(), json!({}));
            }
            below.into()
        }
        (Owned::ByKey(keys), Value::Array(list)) => {
            let element = |element: &Value| {
                let names: Map<String, Value> = keys
                    .iter()
                    .map(|(key, default)| {
                        let found = element.get(key).cloned().or(default.map(Value::from));
                        ((*key).to_owned(), found.expect("a key or its default"))
                    })
                    .collect();
                let mut below = of(kind, &format!("{path}[]"), element);
                if is_map(&below) {
                    below["."] = json!({});
                }
                (format!("k:{}", Value::Object(names)), below)
            };
            list.iter().map(element).collect::<Map<_, _>>().into()
        }
        _ => json!({}),
    }
}

fn is_map(below: &Value) -> bool {
    below.as_object().is_some_and(|below| !below.is_empty())
}

/// By the schema of the kind; that of optional kinds says nothing, so that lists are owned as one.
fn how(kind: Kind, path: &str, value: &Value) -> Owned {
    let keyed = |keys| if kind.is_optional() { Owned::Whole } else { Owned::ByKey(keys) };
    let last = path.rsplit('.').next().unwrap_or_default();
    match value {
        Value::Object(map) if map.is_empty() => Owned::Whole,
        Value::Object(_) if kind.is_optional() && path != "metadata.ownerReferences[]" => Owned::ByField,
        Value::Object(_) => match last {
            "selector"
            | "nodeSelector"
            | "labelSelector"
            | "podSelector"
            | "ownerReferences[]"
            | "imagePullSecrets[]"
            | "requiredDuringSchedulingIgnoredDuringExecution" => Owned::Whole,
            _ => Owned::ByField,
        },
        Value::Array(_) => match last {
            "ownerReferences" => Owned::ByKey(&[("uid", None)]),
            "containers" | "initContainers" | "volumes" | "imagePullSecrets" => keyed(&[("name", None)]),
            "volumeMounts" => keyed(&[("mountPath", None)]),
            "topologySpreadConstraints" => keyed(&[("topologyKey", None), ("whenUnsatisfiable", None)]),
            "ports" if path == "spec.ports" => keyed(&[("port", None), ("protocol", Some("TCP"))]),
            "ports" if path.ends_with("ontainers[].ports") => {
                keyed(&[("containerPort", None), ("protocol", Some("TCP"))])
            }
            _ => Owned::Whole,
        },
        _ => Owned::Whole,
    }
}
