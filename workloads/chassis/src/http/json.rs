//! Bodies: JSON objects of a known shape, checked before a handler sees them.

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use confab_contract::limit::BODY_BYTES;
use confab_contract::{ApiError, ErrorCode};
use futures_util::StreamExt as _;
use garde::Validate;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::context::current;
use super::error::HttpError;
use super::problem::{self, WHOLE_BODY};

/// A body as a handler takes it, and as it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Json<T>(pub T);

/// The same for a body that may be absent: then it is the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonOrDefault<T>(pub T);

impl<T, S> FromRequest<S> for Json<T>
where
    T: DeserializeOwned + Validate<Context = ()>,
    S: Send + Sync,
{
    type Rejection = HttpError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, HttpError> {
        let (parts, body) = request.into_parts();
        require_json(&parts.headers)?;
        let bytes = read(&parts.headers, body).await?;
        Ok(Self(parse(&bytes)?))
    }
}

impl<T, S> FromRequest<S> for JsonOrDefault<T>
where
    T: DeserializeOwned + Validate<Context = ()> + Default,
    S: Send + Sync,
{
    type Rejection = HttpError;

    async fn from_request(request: Request, state: &S) -> Result<Self, HttpError> {
        if request.body().is_end_stream() {
            return Ok(Self(T::default()));
        }
        Json::from_request(request, state).await.map(|Json(value)| Self(value))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// 415 unless the body says that it is JSON in UTF-8.
fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = given.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/json"));
    let in_utf8 = parts.filter_map(|parameter| parameter.split_once('=')).all(|(name, value)| {
        !name.trim().eq_ignore_ascii_case("charset") || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    if is_json && in_utf8 {
        return Ok(());
    }
    let error = ApiError::new(ErrorCode::UnsupportedMediaType, "The body must be application/json in UTF-8");
    Err(error.detail("Content-Type", "Must be application/json"))
}

/// Reads a body to its end, within the limits of size and time.
async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, ApiError> {
    let collected = collect(body, announced(headers));
    let Some(patience) = current(|context| context.read_timeout) else { return collected.await };
    let too_slow = |_| {
        let problem = format!("Must arrive within {} seconds", patience.as_secs());
        Err(ApiError::invalid(WHOLE_BODY, problem))
    };
    tokio::time::timeout(patience, collected).await.unwrap_or_else(too_slow)
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// What is too large is still read, up to this much, and thrown away: a client that is writing does not see an answer until
/// it is done, and closing on it would lose the answer.
const MOST_THROWN_AWAY: usize = 16 * BODY_BYTES;

async fn collect(body: Body, announced: Option<usize>) -> Result<Bytes, ApiError> {
    let announced = announced.unwrap_or(0);
    if announced > MOST_THROWN_AWAY {
        return Err(too_large());
    }
    let mut chunks = body.into_data_stream();
    let (mut first, mut rest) = (Bytes::new(), BytesMut::new());
    let mut length = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| ApiError::invalid(WHOLE_BODY, "Ended before it was complete"))?;
        length += chunk.len();
        if length > MOST_THROWN_AWAY {
            return Err(too_large());
        }
        if announced > BODY_BYTES || length > BODY_BYTES {
            (first, rest) = (Bytes::new(), BytesMut::new());
        } else if first.is_empty() {
            // Nearly every body comes in one piece; it is not copied.
            first = chunk;
        } else {
            if rest.is_empty() {
                // Not by what was announced: that costs a slow client nothing.
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&chunk);
        }
    }
    if announced > BODY_BYTES || length > BODY_BYTES {
        return Err(too_large());
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

fn too_large() -> ApiError {
    let message = format!("A body may have {BODY_BYTES} bytes at most");
    ApiError::new(ErrorCode::PayloadTooLarge, message).detail("max_bytes", BODY_BYTES)
}

/// From bytes to a checked value.
pub fn parse<T: DeserializeOwned + Validate<Context = ()>>(body: &[u8]) -> Result<T, ApiError> {
    if body.is_empty() {
        return Err(ApiError::invalid(WHOLE_BODY, "Must not be empty"));
    }
    let text = std::str::from_utf8(body).map_err(|_| ApiError::invalid(WHOLE_BODY, "Must be UTF-8"))?;
    require_object(text)?;
    refuse_nul(text)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value: T =
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| problem::of_json(error, text))?;
    deserializer.end().map_err(|error| ApiError::invalid(WHOLE_BODY, format!("Malformed JSON: {error}")))?;
    value.validate().map_err(|report| problem::of_rules(&report))?;
    Ok(value)
}

/// Serde would also fill an object from a list, field by field in the order of their declaration.
fn require_object(text: &str) -> Result<(), ApiError> {
    if text.trim_ascii_start().starts_with('{') {
        return Ok(());
    }
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => Err(ApiError::invalid(WHOLE_BODY, "Must be an object")),
        Err(error) => Err(ApiError::invalid(WHOLE_BODY, format!("Malformed JSON: {error}"))),
    }
}

/// Postgres stores no NUL, so no text of ours may hold one. In JSON it can only be written as an escape.
fn refuse_nul(text: &str) -> Result<(), ApiError> {
    if !text.contains("\\u0000") {
        return Ok(());
    }
    // It may still be an escaped backslash before the letters. What does not parse is refused later, with the reason.
    let Ok(value) = serde_json::from_str::<Value>(text) else { return Ok(()) };
    match path_of_nul(&value) {
        Some(path) => Err(ApiError::invalid(path, "Must not contain the character NUL")),
        None => Ok(()),
    }
}

/// Where the first NUL is. The depth is bounded by that of the parser.
fn path_of_nul(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| path_of_nul(item).map(|rest| join_path(&format!("[{index}]"), &rest))),
        Value::Object(fields) => fields.iter().find_map(|(name, item)| {
            if name.contains('\0') {
                return Some(name.replace('\0', "\\u0000"));
            }
            path_of_nul(item).map(|rest| join_path(name, &rest))
        }),
        _ => None,
    }
}

fn join_path(first: &str, rest: &str) -> String {
    let separator = if rest.is_empty() || rest.starts_with('[') { "" } else { "." };
    format!("{first}{separator}{rest}")
}
