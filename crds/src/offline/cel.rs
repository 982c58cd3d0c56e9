//! The rules between fields: the CEL text of the definition, evaluated here with kube's engine.

use kube::core::cel::{ErrorKind, ValidationError, validate_compiled};
use serde_json::Value;

use super::node::Node;
use super::problem::BrokenRule;
use super::rulebook::RULEBOOK;
use super::structural::Fault;

/// Every rule that `object` breaks; with `old`, also those that concern the change. What `said` says already, or may have
/// caused, is left out.
pub(super) fn faults(object: &Value, old: Option<&Value>, node: &Node, said: &[Fault]) -> Vec<Fault> {
    let errors = match validate_compiled(&RULEBOOK.cel, object, old) {
        Ok(()) => Vec::new(),
        Err(errors) => errors.into_vec(),
    };
    let news = errors.into_iter().filter(|error| !said_already(error, said));
    news.map(|error| fault(error, node)).collect()
}

/// Where the schema has spoken about a field, or about an entry of a list, a rule on the same field says it again; and a
/// rule that cannot be evaluated has met the value that the schema refused. A rule on the name points at the whole
/// object, since a definition cannot point into `metadata`.
fn said_already(error: &ValidationError, said: &[Fault]) -> bool {
    let path = error.field_path.trim_start_matches('.');
    let evaluated = matches!(error.kind, ErrorKind::ValidationFailure);
    said.iter().any(|fault| match fault.path.strip_prefix(path) {
        _ if !evaluated => true,
        Some(rest) if path.is_empty() => rest.starts_with("metadata."),
        Some(rest) => rest.is_empty() || rest.starts_with('['),
        None => false,
    })
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
