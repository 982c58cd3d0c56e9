//! The error format of the API: one body shape, a fixed list of machine codes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::Timestamp;

/// Machine-readable code of an error; each has exactly one HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// 400: the request is malformed or breaks a rule; `details` names the fields.
    ValidationError,
    /// 401: no credentials, or credentials that do not hold.
    AuthenticationFailed,
    /// 403: known, but not allowed; or the tenant is not admitted by its host any more (`details.reason`).
    AuthorizationFailed,
    /// 404: not there, or not visible to the caller.
    NotFound,
    /// 405: the path exists, the method does not.
    MethodNotAllowed,
    /// 409: contradicts what is stored.
    Conflict,
    /// 413: more bytes than the limit.
    PayloadTooLarge,
    /// 415: a body that is not what the route takes.
    UnsupportedMediaType,
    /// 429: too many requests; `Retry-After` says when to come back.
    RateLimitExceeded,
    /// 500: our mistake. The text never leaves the server; the request id finds it in the log.
    InternalServerError,
    /// 503: a dependency is away, the server is draining or the tenant hibernates (`details.reason`); `Retry-After` says when
    /// to come back.
    ServiceUnavailable,
}

impl ErrorCode {
    /// The HTTP status that goes with the code.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::ValidationError => 400,
            Self::AuthenticationFailed => 401,
            Self::AuthorizationFailed => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict => 409,
            Self::PayloadTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::RateLimitExceeded => 429,
            Self::InternalServerError => 500,
            Self::ServiceUnavailable => 503,
        }
    }
}

/// Facts about an error, by field or by topic.
pub type Details = BTreeMap<String, Value>;

/// An error as the API answers it, before it becomes a body. Its text is meant for the caller: it holds no internals.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// Machine-readable code.
    pub code: ErrorCode,
    /// One sentence for a person.
    pub message: Cow<'static, str>,
    /// What is wrong with which field, or other facts.
    pub details: Details,
    /// Seconds after which a retry makes sense.
    pub retry_after: Option<u32>,
}

impl ApiError {
    /// An error with a message and nothing else.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), details: Details::new(), retry_after: None }
    }

    /// 400 that names one field.
    pub fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::new(ErrorCode::ValidationError, "Invalid input parameters").detail(field, problem.into())
    }

    /// 404 for a resource, named as the API names it ("conversation", "message").
    pub fn not_found(resource: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("No such {resource}"))
    }

    /// 409 that says what the request contradicts.
    pub fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::Conflict, message)
    }

    /// 403 that says which right is missing.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::AuthorizationFailed, message)
    }

    /// 401.
    pub fn unauthenticated(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::AuthenticationFailed, message)
    }

    /// 503 that heals by itself.
    pub fn unavailable(message: impl Into<Cow<'static, str>>, retry_after: u32) -> Self {
        Self::new(ErrorCode::ServiceUnavailable, message).retry_after(retry_after)
    }

    /// 500. The cause belongs into the log, not in here.
    pub fn internal() -> Self {
        Self::new(ErrorCode::InternalServerError, "Something went wrong on our side; the request id helps us find it")
    }

    /// Adds a fact.
    #[must_use]
    pub fn detail(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.details.insert(key.into(), value.into());
        self
    }

    /// Says when a retry makes sense, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The body to send.
    #[must_use]
    pub fn into_body(self, request_id: String, timestamp: Timestamp) -> ErrorBody {
        ErrorBody {
            success: false,
            error: ErrorContent { code: self.code, message: self.message.into_owned(), details: self.details },
            request_id,
            timestamp,
        }
    }
}

/// The body of every error reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// Always `false`.
    #[schema(example = false)]
    pub success: bool,
    /// What went wrong.
    pub error: ErrorContent,
    /// Names the request in our logs. Made by the server, or the caller's own `X-Request-Id`.
    #[schema(example = "req_01946a2b3c4d7e8f9a0b1c2d3e4f5a70", pattern = "^[A-Za-z0-9._-]{1,128}$")]
    pub request_id: String,
    /// When the error was answered.
    pub timestamp: Timestamp,
}

/// The heart of an error reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ErrorContent {
    /// Machine-readable code.
    pub code: ErrorCode,
    /// One sentence for a person.
    #[schema(example = "Invalid input parameters")]
    pub message: String,
    /// Facts, mostly by field; empty when there are none.
    #[schema(value_type = Object, example = json!({"email": "Invalid email format"}))]
    pub details: Details,
}
