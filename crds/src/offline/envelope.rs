//! Whether a document is a `ChatTenant` at all: nothing else about another kind is worth saying.

use super::node::{Content, Node};
use super::problem::BrokenRule;
use super::rulebook::{API_VERSION, KIND};
use super::shown::{kind, shown};
use super::structural::Fault;

/// What makes it something else, if it is.
pub(super) fn fault(node: &Node) -> Option<Fault> {
    let refuse = |path: &str, message: String| {
        Some(Fault { at: node.locate(path), path: path.to_owned(), rule: BrokenRule::Kind, message })
    };
    if !matches!(node.content, Content::Mapping(_)) {
        return refuse(
            "",
            format!("a document must be a mapping with apiVersion, kind, metadata and spec, got {}", kind(node)),
        );
    }
    let Some(found) = node.get("kind").filter(|entry| !entry.value.is_null()) else {
        return refuse("kind", format!("is required; write `kind: {KIND}`"));
    };
    if found.value.text() != Some(KIND) {
        let got = shown(&found.value, "kind");
        return refuse(
            "kind",
            format!("only {KIND} is read here, got {got}; keep other resources in files of their own"),
        );
    }
    let Some(found) = node.get("apiVersion").filter(|entry| !entry.value.is_null()) else {
        return refuse("apiVersion", format!("is required; write `apiVersion: {API_VERSION}`"));
    };
    if found.value.text() != Some(API_VERSION) {
        return refuse("apiVersion", format!("must be {API_VERSION}, got {}", shown(&found.value, "apiVersion")));
    }
    None
}
