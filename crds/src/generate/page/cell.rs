//! What stands in a cell of a table.

use serde_json::Value;

use crate::offline::meaning;

/// What a field accepts, in words.
pub(super) fn value(field: &Value) -> String {
    if let Some(names) = field["enum"].as_array() {
        let names: Vec<String> = names.iter().filter_map(Value::as_str).map(|name| format!("`{name}`")).collect();
        return names.join(", ");
    }
    if field["x-kubernetes-int-or-string"] == true {
        return pattern(field).unwrap_or_default();
    }
    match field["type"].as_str() {
        Some("array") => format!("list{}: {}", bounds(field, "Items", " of "), value(&field["items"])),
        Some("object") if field["additionalProperties"].is_object() => {
            format!("map{}: {}", bounds(field, "Properties", " of "), value(&field["additionalProperties"]))
        }
        Some("object") => "object".into(),
        Some("boolean") => "`true`, `false`".into(),
        Some("integer") => range(field),
        _ => match (pattern(field), field["maxLength"].as_u64()) {
            (Some(words), Some(most)) => format!("{words}; at most {most} characters"),
            (Some(words), None) => words,
            (None, Some(most)) => format!("text of at most {most} characters"),
            (None, None) => "text".into(),
        },
    }
}

/// What its absence means: the beginning of what its description says of it.
pub(super) fn default(description: &str) -> String {
    if let Some((before, _)) = description.split_once(" (default)") {
        return before.rsplit(' ').next().unwrap_or_default().to_owned();
    }
    let Some((_, said)) = description.split_once("Default: ") else { return String::new() };
    let end = [". ", ", ", "; ", " ("].iter().filter_map(|end| said.find(end)).min();
    said[..end.unwrap_or(said.len())].trim_end_matches('.').to_owned()
}

/// A text that does not end its cell, and of which nothing is taken for a tag.
pub(super) fn escaped(text: &str) -> String {
    let line = text.replace('\n', " ").replace('|', "\\|");
    let outside = |(n, part): (usize, &str)| if n % 2 == 0 { part.replace('<', "&lt;") } else { part.to_owned() };
    line.split('`').enumerate().map(outside).collect::<Vec<_>>().join("`")
}

/// Where a heading is found in its page.
pub(super) fn anchor(heading: &str) -> String {
    heading.chars().filter(|c| c.is_alphanumeric() || *c == '-').flat_map(char::to_lowercase).collect()
}

fn pattern(field: &Value) -> Option<String> {
    field["pattern"].as_str().map(|pattern| meaning(pattern).to_owned())
}

fn range(field: &Value) -> String {
    match (field["minimum"].as_f64(), field["maximum"].as_f64()) {
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) => format!("at least {least}"),
        (None, Some(most)) => format!("at most {most}"),
        _ => "whole number".into(),
    }
}

pub(super) fn bounds(field: &Value, of: &str, before: &str) -> String {
    let bound = |side: &str| field[format!("{side}{of}")].as_u64();
    match (bound("min"), bound("max")) {
        (Some(least), Some(most)) => format!("{before}{least} to {most}"),
        (None, Some(most)) => format!("{before}at most {most}"),
        _ => String::new(),
    }
}
