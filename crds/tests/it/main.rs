//! The crate as its users see it: definitions, samples, and the check that needs no cluster.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod changes;
mod explained;
mod full;
mod generated;
mod hostile;
mod pairs;
mod placed;
mod relations;
mod resolved;
mod samples;
mod schema;
mod server;
mod sets;

use confab_crds::offline::{self, Problem};

/// The problems of a text that must have some.
fn problems(yaml: impl AsRef<[u8]>) -> Vec<Problem> {
    offline::load("t.yaml", yaml).unwrap_err()
}

/// A tenant with this spec, given as indented YAML; the spec begins on line 6.
fn tenant(spec: &str) -> String {
    format!("apiVersion: confab.dev/v1alpha1\nkind: ChatTenant\nmetadata:\n  name: demo\nspec:\n{spec}")
}
