use std::collections::BTreeSet;

use super::*;

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(target)) = object.get("$ref") {
                found.insert(target.clone());
            }
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = asyncapi();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for target in found {
        let pointer = target.strip_prefix('#').expect("a reference inside the document");
        assert!(document.pointer(pointer).is_some(), "{target}");
    }
}

#[test]
fn every_frame_has_a_message_with_a_summary_and_an_example() {
    let document = asyncapi();
    let messages = document["components"]["messages"].as_object().expect("messages");
    for (name, message) in messages {
        assert!(message["summary"].as_str().is_some_and(|text| !text.is_empty()), "{name}");
        assert!(message["examples"].as_array().is_some_and(|examples| !examples.is_empty()), "{name}");
        assert!(message["payload"].is_object(), "{name}");
    }
    assert_eq!(messages.len(), client_frames().len() + server_frames().len() + timeline_frames().len());
}

#[test]
fn each_message_belongs_to_one_direction() {
    let document = asyncapi();
    let count = |operation: &str| document["operations"][operation]["messages"].as_array().map(Vec::len);
    assert_eq!(count("fromClient"), Some(client_frames().len()));
    assert_eq!(count("toClient"), Some(server_frames().len() + timeline_frames().len()));
}

#[test]
fn close_codes_say_what_to_do() {
    let document = asyncapi();
    assert_eq!(document["x-close-codes"].as_array().map(Vec::len), Some(CloseReason::ALL.len()));
    assert!(document["info"]["description"].as_str().is_some_and(|text| text.contains("| 4403 |")));
}
