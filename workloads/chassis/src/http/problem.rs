//! From the words of deserialisers to the words of our errors. Values that clients sent are never repeated: one of them may be
//! a password in the wrong place.

use std::fmt::Write as _;

use confab_contract::ApiError;
use serde_json::Value;
use serde_json::error::Category;

/// Longer names of fields are cut.
const MAX_FIELD_CHARS: usize = 200;
/// Problems listed in one reply at most.
const MAX_PROBLEMS: usize = 50;
/// What an error names when the problem is with the body as a whole.
pub(super) const WHOLE_BODY: &str = "body";

/// 400 for JSON that is none, or not of the shape that was asked for.
pub(super) fn of_json(error: serde_path_to_error::Error<serde_json::Error>, text: &str) -> ApiError {
    let path = error.path().to_string();
    let cause = error.into_inner();
    match cause.classify() {
        // The parser calls it so, too, when something else stands where one of a few words is wanted.
        Category::Syntax if cause.to_string().starts_with("expected value") && is_json(text) => {
            ApiError::invalid(field(&path, WHOLE_BODY), "Must be a string")
        }
        // The parser's own words on syntax name positions and rules, never values.
        Category::Syntax | Category::Eof | Category::Io => {
            ApiError::invalid(field(&path, WHOLE_BODY), format!("Malformed JSON: {cause}"))
        }
        Category::Data => of_data(&path, &cause.to_string(), WHOLE_BODY),
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// 400 for data of the wrong shape. `whole` is what to name when no field is to blame.
pub(super) fn of_data(path: &str, message: &str, whole: &str) -> ApiError {
    let message = message.rsplit_once(" at line ").map_or(message, |(before, _)| before);
    if let Some(name) = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        return ApiError::invalid(field(&join(path, name), whole), "Required");
    }
    if let Some(name) = message.strip_prefix("duplicate field `").and_then(|rest| rest.strip_suffix('`')) {
        let path = if last_part_is(path, name) { path.to_owned() } else { join(path, name) };
        return ApiError::invalid(field(&path, whole), "Given twice");
    }
    ApiError::invalid(field(path, whole), sentence(message))
}

/// 400 for values that break a rule.
pub(super) fn of_rules(report: &garde::Report) -> ApiError {
    let mut error = ApiError::new(confab_contract::ErrorCode::ValidationError, "Invalid input parameters");
    for (path, rule) in report.iter().take(MAX_PROBLEMS) {
        let name = field(&path.to_string(), WHOLE_BODY);
        let sentence = capitalised(rule.message());
        match error.details.get_mut(&name) {
            Some(Value::String(known)) => {
                write!(known, "; {sentence}").expect("writing to a String does not fail");
            }
            _ => {
                error.details.insert(name, sentence.into());
            }
        }
    }
    error
}

/// The name of a field, or of the whole when there is none.
fn field(path: &str, whole: &str) -> String {
    if path.is_empty() || path == "." || path == "?" {
        return whole.to_owned();
    }
    path.chars().take(MAX_FIELD_CHARS).collect()
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() || path == "." { name.to_owned() } else { format!("{path}.{name}") }
}

fn last_part_is(path: &str, name: &str) -> bool {
    path.rsplit('.').next() == Some(name)
}

/// What to do, from what serde says. The expectation comes last in serde's messages, after whatever the client sent.
fn sentence(message: &str) -> String {
    if message.starts_with("unknown field `") {
        return "Unknown field".to_owned();
    }
    let expected = message.rsplit_once(", expected ").map(|(_, expected)| expected);
    match expected {
        Some(expected) if message.starts_with("unknown variant `") => {
            let list = expected.trim_start_matches("one of ").replace(" or ", ", ").replace('`', "");
            format!("Must be one of: {list}")
        }
        Some(expected) if message.starts_with("invalid ") => format!("Must be {}", in_plain_words(expected)),
        _ => capitalised(message),
    }
}

/// The names of Rust's types mean nothing to a client.
fn in_plain_words(expected: &str) -> &str {
    match expected {
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        "string or map" | "variant identifier" => "a string",
        "unit" => "null",
        struct_name if struct_name.starts_with("struct ") => "an object",
        enum_name if enum_name.starts_with("enum ") => "a string",
        other => other,
    }
}

fn capitalised(message: &str) -> String {
    let mut rest = message.chars();
    match rest.next() {
        Some(first) => first.to_uppercase().chain(rest).collect(),
        None => "Not valid".to_owned(),
    }
}
