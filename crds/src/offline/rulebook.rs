//! The schema of the definition itself, ready to be applied.

use std::collections::HashMap;
use std::sync::LazyLock;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::CustomResourceExt;
use kube::core::cel::{CompiledSchema, compile_schema};
use kube::core::schema::{OptionalEnum, OptionalIntOrString, StructuralSchemaRewriter};
use regex::Regex;
use schemars::generate::SchemaSettings;
use schemars::transform::AddNullable;
use serde_json::{Value, json};

use crate::ChatTenant;
use crate::tenant::DNS_LABEL;

/// What the name of a tenant must be.
pub(super) const TENANT_NAME: &str = "^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$";

/// What a `ChatTenant` is checked with.
pub(super) struct Rulebook {
    /// `openAPIV3Schema` of the definition, with the parts that every Kubernetes object has.
    pub schema: Value,
    /// Its patterns, each compiled: that takes far longer than to match with it.
    pub patterns: HashMap<String, Regex>,
    /// Its CEL rules.
    pub cel: CompiledSchema,
}

/// Made once: it is the same for every file.
pub(super) static RULEBOOK: LazyLock<Rulebook> = LazyLock::new(|| {
    let schema = definition_schema();
    let cel = compile_schema(&schema);
    let schema = with_envelope(schema);
    let mut patterns = HashMap::new();
    compile_patterns(&schema, &mut patterns);
    Rulebook { schema, patterns, cel }
});

/// `kind` of the documents that are read.
pub(super) const KIND: &str = "ChatTenant";
/// Their `apiVersion`.
pub(super) const API_VERSION: &str = "confab.dev/v1alpha1";

/// The schema as the committed definition has it.
pub(super) fn definition_schema() -> Value {
    let definition = ChatTenant::crd();
    let version = definition.spec.versions.into_iter().next().expect("the derive makes one version");
    let schema = version.schema.and_then(|schema| schema.open_api_v3_schema).expect("the derive makes a schema");
    serde_json::to_value(schema).expect("a schema is plain data with text keys")
}

fn compile_patterns(schema: &Value, found: &mut HashMap<String, Regex>) {
    match schema {
        Value::Object(fields) => {
            if let Some(pattern) = fields.get("pattern").and_then(Value::as_str) {
                found
                    .entry(pattern.to_owned())
                    .or_insert_with(|| Regex::new(pattern).expect("a test compiles them all"));
            }
            fields.values().for_each(|inner| compile_patterns(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| compile_patterns(inner, found)),
        _ => {}
    }
}

/// Kubernetes itself checks these parts of every object, so that no definition describes them.
fn with_envelope(mut schema: Value) -> Value {
    let mut metadata = metadata_schema();
    metadata["required"] = json!(["name"]);
    metadata["properties"]["name"]["pattern"] = TENANT_NAME.into();
    metadata["properties"]["namespace"]["pattern"] = DNS_LABEL.into();
    // Who owns which field: names that no schema knows.
    metadata["properties"]["managedFields"]["items"]["properties"]["fieldsV1"] =
        json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    schema["properties"]["metadata"] = metadata;
    schema["properties"]["apiVersion"] = json!({"type": "string", "enum": [API_VERSION]});
    schema["properties"]["kind"] = json!({"type": "string", "enum": [KIND]});
    schema["required"] = json!(["apiVersion", "kind", "metadata", "spec"]);
    schema
}

fn metadata_schema() -> Value {
    let generator = SchemaSettings::openapi3()
        .with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        })
        .with_transform(AddNullable::default())
        .with_transform(StructuralSchemaRewriter)
        .with_transform(OptionalEnum)
        .with_transform(OptionalIntOrString)
        .into_generator();
    generator.into_root_schema_for::<ObjectMeta>().to_value()
}
