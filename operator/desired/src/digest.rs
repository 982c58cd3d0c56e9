//! Short digests, for names and for "is it the same as before?".

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
    // serde_json keeps the keys of an object sorted.
    short(&value.to_string())
}
