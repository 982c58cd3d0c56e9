//! What the derived schemas need before Kubernetes likes them.

use schemars::Schema;
use serde_json::{Map, Value, json};

use crate::tenant::LABEL_VALUE;

/// Longest value of a label.
const LABEL_VALUE_CHARS: usize = 63;
/// Longest value of an annotation; a controller's whole configuration snippet fits.
const ANNOTATION_CHARS: usize = 16_384;

/// Makes each optional property plainly optional, and its integer formats ones that Kubernetes knows.
///
/// The derive describes `Option<T>` as "T or null". Kubernetes drops a null where the schema does not ask for it, so
/// that `auth:` with nothing behind it means the same as no `auth` at all, to the defaults and to the CEL rules alike.
pub(crate) fn plain_properties(schema: &mut Schema) {
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    for property in properties.values_mut().filter_map(Value::as_object_mut) {
        forget_null(property);
        if let Some(Value::String(text)) = property.get_mut("description") {
            *text = unwrapped(text);
        }
        if let Some(Value::String(text)) = property.get_mut("items").and_then(|items| items.get_mut("description")) {
            *text = unwrapped(text);
        }
        if property.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("uint")) {
            property.insert("format".into(), "int64".into());
        }
    }
}

/// Bounds a map of labels, and says what a value may be. A schema has no word for what a key may be.
pub(crate) fn label_map(schema: &mut Schema) {
    schema.insert("maxProperties".into(), 16.into());
    schema.insert(
        "additionalProperties".into(),
        json!({"type": "string", "maxLength": LABEL_VALUE_CHARS, "pattern": LABEL_VALUE}),
    );
}

/// Bounds a map of annotations.
pub(crate) fn annotation_map(schema: &mut Schema) {
    schema.insert("maxProperties".into(), 32.into());
    schema.insert("additionalProperties".into(), json!({"type": "string", "maxLength": ANNOTATION_CHARS}));
}

/// Drops the explanations inside a type of Kubernetes' own, which would be most of the definition.
pub(crate) fn without_descriptions(schema: &mut Schema) {
    if let Some(fields) = schema.as_object_mut() {
        fields.iter_mut().filter(|(name, _)| *name != "description").for_each(|(_, inner)| forget_descriptions(inner));
    }
}

fn forget_descriptions(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            // A property may be called so; then it holds a schema, not a text.
            fields.retain(|name, inner| name != "description" || !inner.is_string());
            fields.values_mut().for_each(forget_descriptions);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_descriptions),
        _ => {}
    }
}

/// Joins the lines of each paragraph: `kubectl explain` wraps them itself.
fn unwrapped(text: &str) -> String {
    let paragraphs: Vec<String> = text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect();
    paragraphs.join("\n\n")
}

fn forget_null(property: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = property.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            property.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(mut variants)) = property.remove("anyOf") {
        variants.retain(|variant| variant.get("type").is_none_or(|kind| kind != "null"));
        match variants.as_mut_slice() {
            [Value::Object(only)] => {
                // What the field says about itself wins over what its type says.
                for (key, value) in std::mem::take(only) {
                    property.entry(key).or_insert(value);
                }
            }
            _ => {
                property.insert("anyOf".into(), Value::Array(variants));
            }
        }
    }
    if property.get("default").is_some_and(Value::is_null) {
        property.remove("default");
    }
}
