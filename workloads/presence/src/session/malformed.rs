//! Why a text is not a frame, field by field. Pure; runs only when a frame was refused.
//!
//! Frames are told apart by a field inside them, so serde buffers them and can no longer name the field that was wrong.
//! This module finds it by asking again with one field at a time.

use confab_contract::error::Details;
use confab_contract::socket::client::{ClientFrame, Resume};
use confab_contract::{ApiError, ErrorCode};
use serde_json::{Map, Value};

/// Deep nesting must not cost a stack; serde_json itself refuses more than 128 levels.
const FRAME: &str = "frame";
/// Problems that one answer names. It is also what an answer may cost: each takes another look at the frame.
const MOST_PROBLEMS: usize = 10;
/// What is repeated of what a client sent.
const MOST_CHARS: usize = 64;

/// What is wrong with a text that is not a frame, and its `type` if that could be read.
pub fn explain(text: &str) -> (ApiError, Option<String>) {
    let object = match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(object)) => object,
        Ok(_) => return (ApiError::invalid(FRAME, "Must be a JSON object"), None),
        Err(error) => return (ApiError::invalid(FRAME, format!("Must be JSON: {error}")), None),
    };
    let frame_type = match object.get("type") {
        Some(Value::String(name)) => name.clone(),
        Some(_) => return (ApiError::invalid("type", "Must be a string"), None),
        None => return (ApiError::invalid("type", "Is required"), None),
    };
    let (mut details, mut problems) = (Details::new(), 0);
    if let Err(problem) = probe(&frame_type, Map::new())
        && problem.starts_with("unknown variant")
    {
        let known = problem.split_once(", ").map_or(problem.as_str(), |(_, expected)| expected).to_owned();
        return (ApiError::invalid("type", format!("Unknown, {known}")), Some(shortened(&frame_type)));
    }
    for (field, value) in object.iter().filter(|(field, _)| *field != "type") {
        if let Err(problem) = probe(&frame_type, Map::from_iter([(field.clone(), value.clone())]))
            && missing_field(&problem).is_none()
        {
            let (field, problem) = refine(field, value, &problem);
            details.insert(shortened(&field), shortened(&problem).into());
            problems += 1;
            if problems == MOST_PROBLEMS {
                break;
            }
        }
    }
    if problems < MOST_PROBLEMS
        && let Err(problem) = probe(&frame_type, object)
        && let Some(missing) = missing_field(&problem)
    {
        details.insert(missing.to_owned(), "Is required".into());
    }
    if details.is_empty() {
        details.insert(FRAME.to_owned(), "Not a frame of this protocol; is a field there twice?".into());
    }
    let mut error = ApiError::new(ErrorCode::ValidationError, "Invalid frame");
    error.details = details;
    (error, Some(frame_type))
}

/// Reads a frame of the type with these fields only.
fn probe(frame_type: &str, mut fields: Map<String, Value>) -> Result<(), String> {
    fields.insert("type".to_owned(), frame_type.into());
    serde_json::from_value::<ClientFrame>(Value::Object(fields)).map(drop).map_err(|error| error.to_string())
}

fn missing_field(problem: &str) -> Option<&str> {
    problem.strip_prefix("missing field `")?.split('`').next()
}

/// The one nested object of the protocol: names what is wrong inside it.
fn refine(field: &str, value: &Value, problem: &str) -> (String, String) {
    if field == "resume"
        && let Err(inner) = serde_path_to_error::deserialize::<_, Resume>(value)
    {
        return (format!("resume.{}", inner.path()), sentence(&inner.inner().to_string()));
    }
    (field.to_owned(), sentence(problem))
}

/// An answer is not much larger than it has to be, however large the frame was.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// serde begins its messages in lower case.
fn sentence(problem: &str) -> String {
    if problem.starts_with("unknown field") {
        return "Unknown field".to_owned();
    }
    let mut chars = problem.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<String> {
        explain(text).0.details.into_keys().collect()
    }

    #[test]
    fn each_wrong_field_is_named() {
        assert_eq!(fields("nonsense"), ["frame"]);
        assert_eq!(fields("[]"), ["frame"]);
        assert_eq!(fields("{}"), ["type"]);
        assert_eq!(fields(r#"{"type":7}"#), ["type"]);
        assert_eq!(fields(r#"{"type":"nope"}"#), ["type"]);
        assert_eq!(
            fields(r#"{"type":"typing","conversation_id":"x","is_typing":1}"#),
            ["conversation_id", "is_typing"]
        );
        assert_eq!(fields(r#"{"type":"typing"}"#), ["conversation_id"]);
        assert_eq!(fields(r#"{"type":"ping","extra":1}"#), ["extra"]);
        assert_eq!(fields(r#"{"type":"presence_update","status":"gone"}"#), ["status"]);
        assert_eq!(fields(r#"{"type":"auth","token":5}"#), ["token"]);
    }

    #[test]
    fn a_field_inside_resume_is_named_with_its_path() {
        assert_eq!(fields(r#"{"type":"auth","token":"t","resume":{"cursor":5}}"#), ["resume.cursor"]);
        let named = fields(r#"{"type":"auth","token":"t","resume":{"conversations":{"conv_x":1}}}"#);
        assert!(named[0].starts_with("resume.conversations"), "{named:?}");
    }

    #[test]
    fn a_large_frame_gets_a_small_answer() {
        let many: Vec<String> = (0..3000).map(|index| format!(r#""{index}_{:0>100}":1"#, 1)).collect();
        let (error, _) = explain(&format!(r#"{{"type":"ping",{}}}"#, many.join(",")));
        assert_eq!(error.details.len(), MOST_PROBLEMS);
        assert!(error.details.keys().all(|field| field.chars().count() <= MOST_CHARS + 1));
        let long = "x".repeat(60_000);
        for text in [
            format!(r#"{{"type":"{long}"}}"#),
            format!(r#"{{"type":"typing","conversation_id":"{long}"}}"#),
            format!(r#"{{"type":"presence_update","status":"{long}"}}"#),
            format!(r#"{{"type":"resume","conversations":{{"{long}":1}}}}"#),
        ] {
            let (error, frame_type) = explain(&text);
            let answer = format!("{error:?}{frame_type:?}");
            assert!(answer.len() < 1500, "{} bytes for {}", answer.len(), &text[..40]);
        }
    }

    #[test]
    fn a_field_given_twice_is_refused_with_a_reason() {
        assert_eq!(fields(r#"{"type":"ping","id":1,"id":2}"#), ["frame"]);
    }

    #[test]
    fn the_token_of_a_malformed_frame_is_not_repeated() {
        let (error, _) = explain(r#"{"type":"auth","token":"canary","x":"canary"}"#);
        assert!(!format!("{error:?}").contains("canary"));
    }
}
