//! Errors as replies: status, body, headers and log level, in one place.

use std::error::Error;
use std::fmt::Write as _;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use confab_contract::{ApiError, ErrorCode};

use super::context::{Context, current};
use super::request_id::{self, RequestIdText};
use crate::clock::Clock;

/// An error on its way to the client.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpError(pub ApiError);

/// What handlers return.
pub type HttpResult<T> = Result<T, HttpError>;

/// Marks a reply that already has the form of an error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Formed;

impl From<ApiError> for HttpError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl HttpError {
    /// A 500 whose cause goes to the log, with the request's id, and nowhere else.
    pub fn internal(cause: &(dyn Error + 'static)) -> Self {
        tracing::error!(request_id = %current_id(), cause = chain(cause), "a request failed");
        Self(ApiError::internal())
    }

    /// A 503 whose cause goes to the log; the client should come back after so many seconds.
    pub fn unavailable(cause: &(dyn Error + 'static), message: &'static str, retry_after: u32) -> Self {
        tracing::warn!(request_id = %current_id(), cause = chain(cause), answer = message, "a dependency is away");
        Self(ApiError::unavailable(message, retry_after))
    }
}

/// The id of the present request, or a new one outside of any.
fn current_id() -> RequestIdText {
    request_id::current().unwrap_or_else(RequestIdText::generate)
}

/// An error and all its causes in one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        write!(text, ": {next}").expect("writing to a String does not fail");
        cause = next.source();
    }
    text
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let request_id = current_id();
        let now = current(|context| context.clock.now()).unwrap_or_else(|| Clock::system().now());
        log(&self.0, &request_id);

        let status = StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (code, retry_after) = (self.0.code, self.0.retry_after);
        let body = self.0.into_body(request_id.to_string(), now);
        let mut response = (status, axum::Json(body)).into_response();
        response.extensions_mut().insert(Formed);
        let headers = response.headers_mut();
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if code == ErrorCode::AuthenticationFailed {
            // RFC 9110, section 15.5.2: every 401 names a scheme.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Our mistakes are errors; refused credentials and rights are worth a line; what clients do wrong otherwise is detail.
fn log(error: &ApiError, request_id: &RequestIdText) {
    // Not `message`: that is the name under which the text of a line itself is written.
    let (code, answer) = (error.code, &*error.message);
    match code {
        ErrorCode::InternalServerError => tracing::error!(%request_id, ?code, answer, "answered with an error"),
        ErrorCode::AuthenticationFailed | ErrorCode::AuthorizationFailed => {
            if current(|context| log_refusal(code, answer, context)).is_none() {
                tracing::info!(%request_id, ?code, answer, "refused");
            }
        }
        _ => tracing::debug!(%request_id, ?code, answer, "answered with an error"),
    }
}

/// Who was refused what, and from where. A path is the client's text; escaped it stays on its line.
fn log_refusal(code: ErrorCode, answer: &str, context: &Context) {
    tracing::info!(
        request_id = %context.request_id,
        ?code,
        answer,
        tenant = context.tenant.as_ref().map(|tenant| tracing::field::display(tenant.id().clone())),
        user = context.user.get().map(tracing::field::display),
        address = %context.client,
        method = %context.method,
        path = %context.uri.path().escape_debug(),
        "refused"
    );
}
