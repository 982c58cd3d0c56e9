//! The rules between fields: the CEL text of the definition, evaluated here with kube's engine.

use kube::core::cel::{ErrorKind, ValidationError, validate_compiled};
use serde_json::Value;

use super::node::Node;
use super::problem::BrokenRule;
use super::rulebook::RULEBOOK;
use super::structural::Fault;

/// Every rule that `object` breaks; with `old`, also those that concern the change.
pub(super) fn faults(object: &Value, old: Option<&Value>, node: &Node) -> Vec<Fault> {
    let errors = match validate_compiled(&RULEBOOK.cel, object, old) {
        Ok(()) => Vec::new(),
        Err(errors) => errors.into_vec(),
    };
    errors.into_iter().map(|error| fault(error, node)).collect()
}

fn fault(error: ValidationError, node: &Node) -> Fault {
    let path = error.field_path.trim_start_matches('.').to_owned();
    let message = match error.kind {
        ErrorKind::ValidationFailure => error.message,
        // A rule that cannot be evaluated is a mistake of ours; the object is refused all the same, as the API server does.
        _ => format!("could not be checked: {}", error.message),
    };
    Fault { at: node.locate(&path), path, rule: BrokenRule::Cel(error.rule), message }
}
