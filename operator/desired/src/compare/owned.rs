//! Walks what we own beside what is wanted and what is there.
//!
//! Keys of `fieldsV1`: `f:<field>`, `k:<key of a list's element, as JSON>`, `v:<element of a set, as JSON>`, and `.` for the
//! thing itself. An empty map means that everything below is owned as one.

use serde_json::{Map, Value};

use super::value::same_value;
use crate::quantity;

/// What we own of an object, if we ever applied it.
pub(super) fn fields_of<'a>(live: &'a Value, manager: &str) -> Option<&'a Map<String, Value>> {
    let entries = live.get("metadata")?.get("managedFields")?.as_array()?;
    let ours = entries.iter().find(|entry| {
        entry.get("manager").and_then(Value::as_str) == Some(manager)
            && entry.get("operation").and_then(Value::as_str) == Some("Apply")
            && entry.get("subresource").is_none_or(|subresource| subresource == "")
    })?;
    ours.get("fieldsV1")?.as_object()
}

/// Whether what is owned, wanted and there agree on the whole object.
pub(super) fn matches_all(fields: &Map<String, Value>, desired: &Value, live: &Value) -> bool {
    let Some(wanted) = desired.as_object() else { return false };
    let all_wanted_is_owned = wanted.iter().all(|(field, value)| match field.as_str() {
        // Part of the request's path, never of what is owned.
        "apiVersion" | "kind" => true,
        "metadata" => metadata_is_owned(fields, value),
        field => is_owned(fields, &format!("f:{field}"), value),
    });
    all_wanted_is_owned && owned_is_there("", fields, desired, live)
}

/// Name and namespace of an object are nobody's fields.
fn metadata_is_owned(fields: &Map<String, Value>, metadata: &Value) -> bool {
    let owned = fields.get("f:metadata").and_then(Value::as_object);
    let Some(metadata) = metadata.as_object() else { return false };
    metadata
        .iter()
        .filter(|(field, _)| !matches!(field.as_str(), "name" | "namespace"))
        .all(|(field, value)| owned.is_some_and(|owned| is_owned(owned, &format!("f:{field}"), value)))
}

fn is_owned(fields: &Map<String, Value>, key: &str, desired: &Value) -> bool {
    let Some(below) = fields.get(key).and_then(Value::as_object) else { return false };
    all_is_owned(below, desired)
}

fn all_is_owned(fields: &Map<String, Value>, desired: &Value) -> bool {
    // Owned as one: a scalar, or a list or map that is replaced as a whole.
    if fields.keys().all(|key| key == ".") {
        return true;
    }
    match desired {
        Value::Object(map) => map.iter().all(|(field, value)| is_owned(fields, &format!("f:{field}"), value)),
        Value::Array(list) => list.iter().all(|element| element_is_owned(fields, element)),
        _ => true,
    }
}

fn element_is_owned(fields: &Map<String, Value>, element: &Value) -> bool {
    fields.iter().any(|(key, below)| {
        if let Some(names) = keyed(key) {
            return is_element(&names, element) && below.as_object().is_some_and(|below| all_is_owned(below, element));
        }
        member(key).is_some_and(|member| &member == element)
    })
}

/// Whether everything below these owned fields is wanted, and is there with the wanted value.
fn owned_is_there(name: &str, fields: &Map<String, Value>, desired: &Value, live: &Value) -> bool {
    if fields.keys().all(|key| key == ".") {
        return same_value(name, desired, live);
    }
    fields.iter().filter(|(key, _)| *key != ".").all(|(key, below)| {
        let Some(below) = below.as_object() else { return false };
        if let Some(field) = key.strip_prefix("f:") {
            return both(desired.get(field), live.get(field), |desired, live| {
                // Amounts are compared by value also where each is a field of its own.
                let holder = if quantity::holds_quantities(name) { name } else { field };
                owned_is_there(holder, below, desired, live)
            });
        }
        if let Some(names) = keyed(key) {
            let find = |list: &Value| -> Option<Value> {
                list.as_array()?.iter().find(|element| is_element(&names, element)).cloned()
            };
            return both(find(desired).as_ref(), find(live).as_ref(), |desired, live| {
                owned_is_there(name, below, desired, live)
            });
        }
        let contains = |list: &Value, member: &Value| list.as_array().is_some_and(|list| list.contains(member));
        member(key).is_some_and(|member| contains(desired, &member) && contains(live, &member))
    })
}

fn both(desired: Option<&Value>, live: Option<&Value>, compare: impl FnOnce(&Value, &Value) -> bool) -> bool {
    match (desired, live) {
        (Some(desired), Some(live)) => compare(desired, live),
        _ => false,
    }
}

pub(super) fn keyed(key: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(key.strip_prefix("k:")?).ok()
}

pub(super) fn member(key: &str) -> Option<Value> {
    serde_json::from_str(key.strip_prefix("v:")?).ok()
}

/// Whether an element of a list is the one with these keys. What is wanted may leave out a part that has a default, such
/// as the protocol of a port.
pub(super) fn is_element(names: &Map<String, Value>, element: &Value) -> bool {
    names.iter().all(|(name, value)| element.get(name).is_none_or(|found| found == value))
}
