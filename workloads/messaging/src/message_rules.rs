//! What a tenant allows in a message. Pure.

use confab_contract::ApiError;
use confab_contract::config::tenant::LimitsConfig;
use confab_contract::rest::messages::SendMessageRequest;
use serde_json::{Map, Value};

/// Levels of lists and objects inside metadata; file names and sizes need one.
const METADATA_DEPTH: usize = 8;

/// How large the parts of a message may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    content_bytes: usize,
    metadata_bytes: usize,
}

impl Sizes {
    /// A tenant's sizes.
    pub(crate) fn of(limits: &LimitsConfig) -> Self {
        let bytes = |limit: u32| usize::try_from(limit).unwrap_or(usize::MAX);
        Self { content_bytes: bytes(limits.message_bytes), metadata_bytes: bytes(limits.metadata_bytes) }
    }
}

/// Whether a message may be sent.
pub(crate) fn sendable(request: &SendMessageRequest, sizes: Sizes) -> Result<(), ApiError> {
    content_fits(&request.content_encrypted, sizes)?;
    request.metadata.as_ref().map_or(Ok(()), |metadata| metadata_fits(metadata, sizes))
}

/// Whether content, base64 with padding, decodes to few enough bytes.
pub(crate) fn content_fits(content: &str, sizes: Sizes) -> Result<(), ApiError> {
    let padding = content.bytes().rev().take_while(|byte| *byte == b'=').count();
    let decoded = (content.len() / 4 * 3).saturating_sub(padding);
    if decoded <= sizes.content_bytes {
        return Ok(());
    }
    let problem = format!("Has {decoded} bytes, at most {} are allowed", sizes.content_bytes);
    Err(ApiError::invalid("content_encrypted", problem))
}

fn metadata_fits(metadata: &Map<String, Value>, sizes: Sizes) -> Result<(), ApiError> {
    if metadata.values().any(|value| depth(value) >= METADATA_DEPTH) {
        let problem = format!("Must not nest deeper than {METADATA_DEPTH} levels");
        return Err(ApiError::invalid("metadata", problem));
    }
    let bytes = serde_json::to_string(metadata).map_or(usize::MAX, |text| text.len());
    if bytes <= sizes.metadata_bytes {
        return Ok(());
    }
    let problem = format!("Has {bytes} bytes as JSON, at most {} are allowed", sizes.metadata_bytes);
    Err(ApiError::invalid("metadata", problem))
}

/// Levels of lists and objects. The parser has bounded them, so recursion is safe.
fn depth(value: &Value) -> usize {
    let children = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(fields) => fields.values().map(depth).max(),
        _ => return 0,
    };
    1 + children.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SIZES: Sizes = Sizes { content_bytes: 5, metadata_bytes: 40 };

    fn field(request: Value) -> Option<String> {
        let request = serde_json::from_value(request).expect("well-formed");
        sendable(&request, SIZES).err().map(|error| error.details.into_keys().collect())
    }

    #[test]
    fn decoded_bytes_count_not_characters() {
        assert_eq!(field(json!({"content_encrypted": "SGVsbG8="})), None, "5 bytes");
        assert_eq!(field(json!({"content_encrypted": "SGVsbG8h"})), Some("content_encrypted".to_owned()), "6 bytes");
    }

    #[test]
    fn metadata_is_bounded_in_bytes_and_depth() {
        let with = |metadata| field(json!({"content_encrypted": "SGVsbG8=", "metadata": metadata}));
        assert_eq!(with(json!({"file_name": "document.pdf"})), None);
        assert_eq!(with(json!({"a": "x".repeat(40)})), Some("metadata".to_owned()));
        assert_eq!(with(json!({"a": [[[[[[[]]]]]]]})), None, "eight levels with the outermost");
        assert_eq!(with(json!({"a": [[[[[[[[]]]]]]]]})), Some("metadata".to_owned()));
    }
}
