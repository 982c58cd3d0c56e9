//! The definitions as files: what `crdgen` writes, and what `kubectl apply -f crds/` reads.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::Value;

use crate::ChatTenant;

const HEADER: &str = "# Generated from the Rust types by `cargo run -p confab-crds --bin crdgen`. Do not edit.\n";

/// One file of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Name in the folder, such as `chattenants.confab.dev.yaml`.
    pub name: String,
    /// All of its text.
    pub text: String,
}

/// Every definition of this crate.
pub fn definitions() -> Vec<CustomResourceDefinition> {
    vec![ChatTenant::crd()]
}

/// Every definition as a file.
pub fn files() -> Vec<File> {
    definitions().iter().map(file).collect()
}

fn file(definition: &CustomResourceDefinition) -> File {
    let name = definition.metadata.name.as_deref().unwrap_or_default();
    let mut value = serde_json::to_value(definition).expect("a definition is plain data with text keys");
    whole_numbers(&mut value);
    let yaml = yaml_serde::to_string(&value).expect("what JSON holds, YAML holds");
    File { name: format!("{name}.yaml"), text: format!("{HEADER}{yaml}") }
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

/// Where two texts part: the line's number, and that line of each. `None` when they are the same.
pub fn first_difference<'a>(committed: &'a str, generated: &'a str) -> Option<(usize, &'a str, &'a str)> {
    if committed == generated {
        return None;
    }
    let (mut left, mut right) = (committed.lines(), generated.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (left.next(), right.next()) {
            (Some(a), Some(b)) if a == b => {}
            (a, b) => return Some((number, a.unwrap_or("(end)"), b.unwrap_or("(end)"))),
        }
    }
}
