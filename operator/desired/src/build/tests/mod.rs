//! What a namespace should hold for tenants of every shape.

mod data;
mod held;
mod inward;
mod network;
mod pods;
mod programs;
mod restricted;
mod scale;
mod secrets;
mod whole;

use super::Wanted;
use crate::fixture;

/// What a tenant with this spec should have.
fn wanted(spec: &str) -> Wanted {
    fixture::wanted(&fixture::tenant(spec))
}
