//! A definition as YAML.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value;

use super::File;

const HEADER: &str = "# Generated from the Rust types by `make generate`. Do not edit.\n";

/// Between name and spec of a definition in the chart. Helm removes neither the definition nor, with it, every object of its kind.
const CHART_METADATA: &str = "  labels:
    {{- include \"confab-crds.labels\" . | nindent 4 }}
  {{- if .Values.keep }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}
";

pub(super) fn file(definition: &CustomResourceDefinition) -> File {
    File { path: format!("crds/{}.yaml", name(definition)), text: format!("{HEADER}{}", yaml(definition)) }
}

/// For kustomize, and as a template of the chart.
pub(super) fn copies(definition: &CustomResourceDefinition) -> [File; 2] {
    let (name, yaml) = (name(definition), yaml(definition));
    let copy =
        |folder: &str, text: &str| File { path: format!("{folder}/{name}.yaml"), text: format!("{HEADER}{text}") };
    [copy("config/crd", &yaml), copy("charts/confab-crds/templates", &template(&yaml, name))]
}

fn name(definition: &CustomResourceDefinition) -> &str {
    definition.metadata.name.as_deref().unwrap_or_default()
}

fn yaml(definition: &CustomResourceDefinition) -> String {
    let mut value = serde_json::to_value(definition).expect("a definition is plain data with text keys");
    whole_numbers(&mut value);
    yaml_serde::to_string(&value).expect("what JSON holds, YAML holds")
}

/// The definition as a template. Braces in its texts are no actions of it.
fn template(yaml: &str, name: &str) -> String {
    let escaped = yaml.replace("{{", "{{ `{{` }}");
    let named = format!("metadata:\n  name: {name}\n");
    let (head, rest) = escaped.split_once(&named).expect("a definition begins with its name");
    format!("{head}{named}{CHART_METADATA}{rest}")
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
