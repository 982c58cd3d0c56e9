//! A definition as YAML.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value;

use super::File;

const HEADER: &str = "# Generated from the Rust types by `make generate`. Do not edit.\n";

pub(super) fn file(definition: &CustomResourceDefinition) -> File {
    let name = definition.metadata.name.as_deref().unwrap_or_default();
    let mut value = serde_json::to_value(definition).expect("a definition is plain data with text keys");
    whole_numbers(&mut value);
    let yaml = yaml_serde::to_string(&value).expect("what JSON holds, YAML holds");
    File { path: format!("crds/{name}.yaml"), text: format!("{HEADER}{yaml}") }
}

/// Kubernetes types bounds as floats; `maximum: 365` reads better than `365.0`, and is what a cluster gives back.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Object(fields) => fields.values_mut().for_each(whole_numbers),
        Value::Number(number) => {
            if let Some(whole) = number.as_f64().and_then(|float| format!("{float}").parse::<i64>().ok()) {
                *number = whole.into();
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}
