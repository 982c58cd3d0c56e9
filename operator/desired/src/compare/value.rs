//! Whether a wanted value is there: what the server fills in beside it does not count.

use serde_json::Value;

use crate::quantity;

/// Whether `live` holds everything of `desired`: maps may hold more (defaults), lists have the same length. Below fields
/// that hold quantities, amounts are compared by value.
pub fn same_value(field: &str, desired: &Value, live: &Value) -> bool {
    same(desired, live, quantity::holds_quantities(field))
}

fn same(desired: &Value, live: &Value, quantities: bool) -> bool {
    match (desired, live) {
        (Value::Object(desired), Value::Object(live)) => desired.iter().all(|(field, wanted)| {
            let quantities = quantities || quantity::holds_quantities(field);
            live.get(field).is_some_and(|found| same(wanted, found, quantities))
        }),
        (Value::Array(desired), Value::Array(live)) => {
            desired.len() == live.len()
                && desired.iter().zip(live).all(|(wanted, found)| same(wanted, found, quantities))
        }
        (desired, live) => same_scalar(desired, live, quantities),
    }
}

/// The same for what is neither a map nor a list.
pub(super) fn same_scalar(desired: &Value, live: &Value, quantities: bool) -> bool {
    match (desired, live) {
        (Value::Number(desired), Value::Number(live)) => desired.as_f64() == live.as_f64(),
        (Value::String(desired), Value::String(live)) => {
            desired == live || (quantities && quantity::same(desired, live))
        }
        (desired, live) => desired == live,
    }
}
