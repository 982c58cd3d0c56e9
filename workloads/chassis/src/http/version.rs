//! Versions of the API: by path and, as the specification offers, by header.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use confab_contract::{ApiError, ErrorCode};
use serde_json::json;

/// `API-Version`, in requests and replies.
pub const API_VERSION_HEADER: HeaderName = HeaderName::from_static("api-version");

/// The versions that are spoken, the newest last.
pub const SUPPORTED_VERSIONS: [&str; 1] = ["2025-01-15"];

/// What replies say.
pub(super) const CURRENT_VERSION: HeaderValue =
    HeaderValue::from_static(SUPPORTED_VERSIONS[SUPPORTED_VERSIONS.len() - 1]);

/// Refuses a version that is not spoken.
pub fn check(path: &str, headers: &HeaderMap) -> Result<(), ApiError> {
    if let Some(other) = other_version(path) {
        let message = format!("There is no version {other} of this API; paths begin with /v1");
        return Err(ApiError::new(ErrorCode::NotFound, message).detail("supported", json!(["/v1"])));
    }
    match headers.get(API_VERSION_HEADER) {
        Some(version) if !SUPPORTED_VERSIONS.iter().any(|supported| version == supported) => {
            let problem = format!("Must be one of: {}", SUPPORTED_VERSIONS.join(", "));
            Err(ApiError::invalid("API-Version", problem).detail("supported", json!(SUPPORTED_VERSIONS)))
        }
        _ => Ok(()),
    }
}

/// The first part of a path if it is a version that does not exist.
fn other_version(path: &str) -> Option<&str> {
    let first = path.strip_prefix('/')?.split('/').next()?;
    let digits = first.strip_prefix('v')?;
    let is_version = (1..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    (is_version && first != "v1").then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(path: &str, version: Option<&'static str>) -> u16 {
        let mut headers = HeaderMap::new();
        if let Some(version) = version {
            headers.insert(API_VERSION_HEADER, HeaderValue::from_static(version));
        }
        check(path, &headers).map_or_else(|error| error.code.status(), |()| 200)
    }

    #[test]
    fn only_the_versions_that_exist_pass() {
        assert_eq!(status("/v1/users", None), 200);
        assert_eq!(status("/v1/users", Some("2025-01-15")), 200);
        assert_eq!(status("/v1/users", Some("2024-01-01")), 400);
        assert_eq!(status("/v1/users", Some("")), 400);
        assert_eq!(status("/v2/users", None), 404);
        assert_eq!(status("/v01/users", None), 404);
        assert_eq!(status("/version", None), 200);
        assert_eq!(status("/docs", None), 200);
    }
}
