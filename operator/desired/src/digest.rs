//! Short digests, for names and for "is it the same as before?".

use std::collections::BTreeMap;
use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::Value;

/// Ten hexadecimal digits of SHA-256: enough to tell apart the few versions of one thing.
pub fn short(text: &str) -> String {
    let mut digits = String::new();
    for byte in digest(&SHA256, text.as_bytes()).as_ref().iter().take(5) {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// The digest of a value, whatever the order of its keys.
pub fn of_value(value: &Value) -> String {
    short(&sorted(value))
}

/// JSON with sorted keys. Another crate of a program may make serde_json keep them as they were written.
pub fn sorted(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let members: BTreeMap<&String, &Value> = map.iter().collect();
            let members =
                members.into_iter().map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), sorted(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Value::Array(list) => format!("[{}]", list.iter().map(sorted).collect::<Vec<_>>().join(",")),
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_written_with_sorted_keys_and_reads_as_the_same_value() {
        let value = json!({"b": [1, {"d": null, "c": "\"x\""}], "a": {}});
        assert_eq!(sorted(&value), r#"{"a":{},"b":[1,{"c":"\"x\"","d":null}]}"#);
        assert_eq!(serde_json::from_str::<Value>(&sorted(&value)).expect("JSON"), value);
    }

    #[test]
    fn digests_are_short_and_tell_values_apart() {
        assert_eq!(short(""), "e3b0c44298");
        assert_ne!(of_value(&json!({"a": 1})), of_value(&json!({"a": 2})));
    }
}
