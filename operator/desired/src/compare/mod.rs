//! Whether a live object is what we last wanted, without asking the server.
//!
//! Server-side apply records which fields we own (`metadata.managedFields`, `fieldsV1`: KEP-555). An object needs no write
//! when three things hold:
//!
//! 1. every field that we own is still wanted, and has the value that is wanted;
//! 2. every field that is wanted is owned by us;
//! 3. there is an entry of ours at all.
//!
//! Comparing what is wanted with what is there alone is not enough: a field that we dropped would stay for ever, and a
//! hash in an annotation sees no foreign change. What others added stays theirs and never counts as a difference.

mod owned;
mod seen;
mod value;

use serde_json::Value;

pub use seen::seen;
pub use value::same_value;

/// Whether the object has to be applied to become what is wanted. `manager` is the field manager that we apply as.
///
/// `desired` must hold no nulls; `live` is the object as the API server gives it, with at least our own entry of
/// `managedFields`.
pub fn differs(desired: &Value, live: &Value, manager: &str) -> bool {
    owned::fields_of(live, manager).is_none_or(|fields| !owned::matches_all(fields, desired, live))
}

#[cfg(test)]
mod tests;
