//! The name of a request: the caller's own, if it is decent, or a new one.

use std::convert::Infallible;
use std::fmt;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use confab_contract::RequestId;

use super::context;

/// `X-Request-Id`, in requests and replies.
pub const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the request that this task answers, for log lines; `None` outside of any.
#[must_use]
pub fn current() -> Option<RequestIdText> {
    context::current(|context| context.request_id.clone())
}

const MAX_CHARS: usize = 128;

/// The id of a request as it appears in its reply, its error and the log.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestIdText(HeaderValue);

impl RequestIdText {
    /// A new id.
    #[must_use]
    pub fn generate() -> Self {
        let text = RequestId::generate().to_string();
        Self(HeaderValue::try_from(text).expect("an id has letters, digits and '_' only"))
    }

    /// The caller's id: 1 to 128 of letters, digits, `.`, `_` and `-`. Anything else is replaced, so that nothing strange
    /// gets into the log.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let decent = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let given = headers.get(REQUEST_ID_HEADER).map(HeaderValue::as_bytes);
        match given {
            Some(bytes) if (1..=MAX_CHARS).contains(&bytes.len()) && bytes.iter().all(decent) => {
                // A copy: a clone would keep the buffer of all the headers alive for as long as the id.
                Self(HeaderValue::from_bytes(bytes).expect("it has decent characters only"))
            }
            _ => Self::generate(),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().expect("it has decent characters only")
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Display for RequestIdText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestIdText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<S: Sync> FromRequestParts<S> for RequestIdText {
    type Rejection = Infallible;

    async fn from_request_parts(_parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(current().unwrap_or_else(Self::generate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &[u8]) -> RequestIdText {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID_HEADER, HeaderValue::from_bytes(value).expect("a header value"));
        RequestIdText::of(&headers)
    }

    #[test]
    fn a_decent_id_of_the_caller_is_kept() {
        assert_eq!(of(b"trace-1.2_x").as_str(), "trace-1.2_x");
        assert_eq!(of(&[b'a'; 128]).as_str().len(), 128);
    }

    #[test]
    fn a_strange_one_is_replaced() {
        for strange in [&b""[..], b"a b", b"a\"b", b"a\xffb", &[b'a'; 129]] {
            assert!(of(strange).as_str().starts_with("req_"), "{strange:?}");
        }
        assert!(RequestIdText::of(&HeaderMap::new()).as_str().starts_with("req_"));
    }
}
