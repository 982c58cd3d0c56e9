//! Examples of whole schemas, put together from those of their parts. A reader of the document sees a full body for every
//! request and reply, and none can go stale: each follows from the fields as they are.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};

/// Schemas by name.
type Schemas = BTreeMap<String, RefOr<Schema>>;

/// References within references that are followed; no schema of ours is deeper.
const DEPTH: usize = 16;

/// Gives every schema that has none an example.
pub(super) fn fill(schemas: &mut Schemas) {
    let plain: Map<String, Value> =
        schemas.iter().filter_map(|(name, schema)| Some((name.clone(), serde_json::to_value(schema).ok()?))).collect();
    for (name, schema) in schemas {
        let Some(example) = plain.get(name).and_then(|schema| example(schema, &plain, DEPTH)) else { continue };
        if let RefOr::T(schema) = schema {
            set(schema, example);
        }
    }
}

fn set(schema: &mut Schema, example: Value) {
    let examples = match schema {
        Schema::Object(schema) => &mut schema.examples,
        Schema::Array(schema) => &mut schema.examples,
        Schema::OneOf(schema) => &mut schema.examples,
        Schema::AllOf(schema) => &mut schema.examples,
        Schema::AnyOf(schema) => &mut schema.examples,
        _ => return,
    };
    if examples.is_empty() {
        examples.push(example);
    }
}

/// An example of a schema in its JSON form; `None` when its parts give none.
fn example(schema: &Value, all: &Map<String, Value>, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    if let Some(given) = given(schema) {
        return Some(given);
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return example(all.get(name)?, all, depth);
    }
    for alternatives in ["oneOf", "anyOf"] {
        if let Some(items) = schema[alternatives].as_array() {
            return items.iter().find_map(|item| example(item, all, depth));
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return Some(merged(parts.iter().filter_map(|part| example(part, all, depth))));
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"].get(0)?.as_str())?;
    match kind {
        "object" => Some(object(schema, all, depth)),
        "array" => Some(example(&schema["items"], all, depth).into_iter().collect()),
        "boolean" => Some(Value::Bool(false)),
        "string" if schema["format"] == "date-time" => Some("2025-01-15T10:30:00Z".into()),
        "string" => Some("text".into()),
        "integer" => Some(schema["minimum"].as_u64().unwrap_or(1).into()),
        _ => None,
    }
}

/// What the schema itself says.
fn given(schema: &Value) -> Option<Value> {
    let first = |list: &Value| list.get(0).cloned();
    let own = schema.get("example").cloned();
    own.or_else(|| first(&schema["examples"]))
        .or_else(|| first(&schema["enum"]))
        .or_else(|| schema.get("const").cloned())
}

fn object(schema: &Value, all: &Map<String, Value>, depth: usize) -> Value {
    let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
    let properties = schema["properties"].as_object().into_iter().flatten();
    let shown = properties.filter_map(|(name, part)| {
        // A field that may be absent is shown where there is something to show, not as a placeholder.
        let is_placeholder = given(part).is_none() && part["type"] == json!(["string", "null"]);
        if is_placeholder && !required(name) {
            return None;
        }
        Some((name.clone(), example(part, all, depth)?))
    });
    shown.collect::<Map<_, _>>().into()
}

fn merged(parts: impl Iterator<Item = Value>) -> Value {
    let mut whole = Map::new();
    for part in parts {
        if let Value::Object(fields) = part {
            whole.extend(fields);
        }
    }
    whole.into()
}
