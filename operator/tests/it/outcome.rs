//! What a tenant's namespace holds in the end, to be compared between runs.

use std::collections::{BTreeMap, BTreeSet};

use confab_desired::Kind;
use kube::api::ListParams;
use serde_json::{Value, json};

use crate::lab::Lab;

/// Every object of the tenant, without what differs from one life to another: secret data, addresses, and, in the names and
/// texts of Configs, the operator's key and the namespace.
pub async fn objects(lab: &Lab) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for kind in Kind::ALL.into_iter().filter(|kind| !kind.is_optional()) {
        let selector = ListParams::default().labels("app.kubernetes.io/instance=demo");
        for object in lab.api(kind).list(&selector).await.expect("a list").items {
            let value = serde_json::to_value(object).expect("plain data");
            let name = without_digest(value["metadata"]["name"].as_str().expect("a name"));
            let data: Vec<&String> = value["data"].as_object().into_iter().flat_map(|data| data.keys()).collect();
            let shown = json!({
                "labels": value["metadata"]["labels"],
                "owned": value["metadata"]["ownerReferences"].is_array(),
                "spec": without_lives(value["spec"].clone()),
                "data": data,
            });
            all.insert(format!("{kind:?} {name}"), shown);
        }
    }
    all
}

fn without_digest(name: &str) -> String {
    match name.rsplit_once('-') {
        Some((front, digest)) if digest.len() == 10 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            front.to_owned()
        }
        _ => name.to_owned(),
    }
}

fn without_lives(mut value: Value) -> Value {
    match &mut value {
        Value::Object(map) => {
            map.retain(|field, _| !matches!(field.as_str(), "clusterIP" | "clusterIPs"));
            map.values_mut().for_each(|member| *member = without_lives(member.take()));
        }
        Value::Array(list) => list.iter_mut().for_each(|member| *member = without_lives(member.take())),
        Value::String(text) => *text = without_digest(text),
        _ => {}
    }
    value
}

/// Names the first difference; the whole would fill pages.
pub fn same(found: &BTreeMap<String, Value>, expected: &BTreeMap<String, Value>, when: &str) {
    let keys: BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
    for key in keys {
        assert_eq!(found.get(key), expected.get(key), "{key} {when}");
    }
}
