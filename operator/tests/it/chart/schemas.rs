//! JSON schemas for kubeconform, from what an API server publishes of itself: nothing comes from the internet, and kinds of ours are
//! checked like all others.

use std::path::Path;

use confab_testbed::kubernetes::ApiServer;
use serde_json::{Value, json};

use crate::kubectl::kubectl;

/// Where kubeconform finds what [`write`] wrote.
pub fn location(folder: &Path) -> String {
    format!("{}/{{{{ .ResourceKind }}}}-{{{{ .Group }}}}-{{{{ .ResourceAPIVersion }}}}.json", folder.display())
}

/// Writes a schema for every kind that the server knows.
pub fn write(server: &ApiServer, folder: &Path) {
    let index = raw(server, "/openapi/v3");
    for group in index["paths"].as_object().expect("paths").values() {
        let document = raw(server, group["serverRelativeURL"].as_str().expect("a path"));
        let mut schemas = document["components"]["schemas"].clone();
        for_all(&mut schemas, &refuse_unknown);
        for (name, schema) in schemas.as_object().into_iter().flatten() {
            for kind in schema["x-kubernetes-group-version-kind"].as_array().into_iter().flatten() {
                let text = |field: &str| kind[field].as_str().unwrap_or_default().to_lowercase();
                let (group, version, kind) = (text("group"), text("version"), text("kind"));
                let group = if group.is_empty() { &version } else { &group };
                let reference = format!("#/components/schemas/{name}");
                let whole = json!({"$ref": reference, "components": {"schemas": schemas}});
                let file = folder.join(format!("{kind}-{group}-{version}.json"));
                std::fs::write(file, whole.to_string()).expect("a schema");
            }
        }
    }
}

fn raw(server: &ApiServer, path: &str) -> Value {
    let text = kubectl(server.kubectl(), &["get", "--raw", path], "").expect("the server describes itself");
    serde_json::from_str(&text).expect("JSON")
}

fn for_all(schema: &mut Value, change: &impl Fn(&mut Value)) {
    change(schema);
    match schema {
        Value::Object(members) => members.values_mut().for_each(|member| for_all(member, change)),
        Value::Array(items) => items.iter_mut().for_each(|item| for_all(item, change)),
        _ => {}
    }
}

/// As `kubectl apply` does: a field that nobody described is an error.
fn refuse_unknown(schema: &mut Value) {
    let open =
        schema["x-kubernetes-preserve-unknown-fields"] == true || schema["x-kubernetes-embedded-resource"] == true;
    let described = schema["properties"].is_object() && schema["type"] == "object";
    if described && !open && schema.get("additionalProperties").is_none() {
        schema["additionalProperties"] = false.into();
    }
}
