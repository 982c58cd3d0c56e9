//! A live object as far as we say or said something about it, to be shown beside what is wanted.

use serde_json::{Map, Value};

use super::owned::{fields_of, is_element, keyed, member};
use super::value::same_scalar;
use crate::quantity::holds_quantities;

/// The live object without what is others': defaults that the server filled in, status, fields of other managers. Amounts that
/// are as wanted are spelled as wanted. Where it equals `desired`, only the ownership of fields can differ.
pub fn seen(desired: &Value, live: &Value, manager: &str) -> Value {
    let mut seen = object(fields_of(live, manager), desired, live, false);
    for field in ["apiVersion", "kind"] {
        if let Some(value) = desired.get(field) {
            seen[field] = value.clone();
        }
    }
    for field in ["name", "namespace"] {
        if let Some(value) = live["metadata"].get(field) {
            seen["metadata"][field] = value.clone();
        }
    }
    seen
}

/// Field by field: those that are wanted, and those that we own.
fn object(owned: Option<&Map<String, Value>>, desired: &Value, live: &Value, quantities: bool) -> Value {
    let Some(members) = live.as_object() else { return scalar(desired, live, quantities) };
    let mut seen = Map::new();
    for (field, found) in members {
        let (owned, wanted) = (owned.and_then(|owned| owned.get(&format!("f:{field}"))), desired.get(field));
        if owned.is_none() && wanted.is_none() {
            continue;
        }
        let quantities = quantities || holds_quantities(field);
        let below = owned.and_then(Value::as_object);
        seen.insert(field.clone(), value(below, wanted.unwrap_or(&Value::Null), found, quantities));
    }
    Value::Object(seen)
}

fn value(owned: Option<&Map<String, Value>>, desired: &Value, live: &Value, quantities: bool) -> Value {
    let is_whole = owned.is_some_and(|owned| owned.keys().all(|key| key == "."));
    match (live, owned) {
        _ if is_whole => whole(desired, live, quantities),
        (Value::Array(list), Some(owned)) => elements(owned, desired, list, quantities),
        (Value::Array(_), None) => whole(desired, live, quantities),
        _ => object(owned, desired, live, quantities),
    }
}

/// Of a list whose elements have owners of their own: ours, those that are still wanted first and in that order.
fn elements(owned: &Map<String, Value>, desired: &Value, live: &[Value], quantities: bool) -> Value {
    let wanted: &[Value] = desired.as_array().map_or(&[], Vec::as_slice);
    let mut seen: Vec<(usize, Value)> = Vec::new();
    for (key, below) in owned {
        if let Some(member) = member(key).filter(|member| live.contains(member)) {
            let place = wanted.iter().position(|wanted| *wanted == member).unwrap_or(usize::MAX);
            seen.push((place, member));
        }
        let Some(names) = keyed(key) else { continue };
        let Some(found) = live.iter().find(|element| is_element(&names, element)) else { continue };
        let place = wanted.iter().position(|element| is_element(&names, element));
        let desired = place.map_or(&Value::Null, |place| &wanted[place]);
        seen.push((place.unwrap_or(usize::MAX), value(below.as_object(), desired, found, quantities)));
    }
    seen.sort_by_key(|(place, _)| *place);
    seen.into_iter().map(|(_, element)| element).collect()
}

/// Something that is owned as one: all of it, but for what the server fills in beside what is wanted.
fn whole(desired: &Value, live: &Value, quantities: bool) -> Value {
    match (desired, live) {
        (Value::Object(wanted), Value::Object(found)) => {
            let known = found.iter().filter_map(|(field, found)| Some((field, wanted.get(field)?, found)));
            let seen = known.map(|(field, wanted, found)| {
                (field.clone(), whole(wanted, found, quantities || holds_quantities(field)))
            });
            Value::Object(seen.collect())
        }
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            wanted.iter().zip(found).map(|(wanted, found)| whole(wanted, found, quantities)).collect()
        }
        (desired, live) => scalar(desired, live, quantities),
    }
}

fn scalar(desired: &Value, live: &Value, quantities: bool) -> Value {
    if same_scalar(desired, live, quantities) { desired.clone() } else { live.clone() }
}
