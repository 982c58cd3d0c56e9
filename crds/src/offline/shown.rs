//! A value as a message may show it: short, on one line, and never a secret.

use serde_json::Value;

use super::node::{Content, Node};

/// Longest part of a text that a message repeats.
const CHARS: usize = 60;

/// The value, or what kind of thing it is where the value says nothing more.
pub(super) fn shown(node: &Node, path: &str) -> String {
    match &node.content {
        Content::Scalar(Value::String(text)) if secret(text, path) => "a text that is not repeated here".into(),
        Content::Scalar(Value::String(text)) if text.chars().nth(CHARS).is_some() => {
            let start: String = text.chars().take(CHARS).collect();
            format!("{start:?}… ({} characters)", text.chars().count())
        }
        Content::Scalar(Value::String(text)) => format!("{text:?}"),
        _ => kind(node),
    }
}

/// A key as a path may show it: longer than any field that is known is cut, and what would break the line is escaped.
pub(super) fn name(key: &str) -> String {
    let short: String = key.chars().take(CHARS).collect();
    if short.chars().any(|c| c.is_control() || c.escape_debug().len() > 2) { format!("{short:?}") } else { short }
}

/// What kind of thing a node is, with the value of numbers and booleans.
pub(super) fn kind(node: &Node) -> String {
    match &node.content {
        Content::Scalar(Value::Null) => "nothing".into(),
        Content::Scalar(Value::Bool(value)) => format!("the boolean {value}"),
        Content::Scalar(Value::Number(number)) => format!("the number {number}"),
        Content::Scalar(_) => "a text".into(),
        Content::Sequence(_) => "a list".into(),
        Content::Mapping(_) => "a mapping".into(),
    }
}

/// People put the password itself where its Secret should be named.
fn secret(text: &str, path: &str) -> bool {
    path.to_ascii_lowercase().contains("secretref") || (text.contains("://") && text.contains('@'))
}
