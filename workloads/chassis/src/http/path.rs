//! Parts of a path. An id that is spelled wrong names nothing, so it is 404 like one that nobody has.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use confab_contract::{ApiError, ConversationId, MessageId, SessionId, UserId};

use super::error::HttpError;

/// The parts of a path that its route names, in their order: one, or a tuple of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path<T>(pub T);

/// One part of a path.
pub trait PathPart: Sized {
    /// Reads the percent-decoded text; `name` is what the route calls it.
    fn read(name: &str, text: &str) -> Result<Self, ApiError>;
}

/// What [`Path`] holds.
pub trait PathParts: Sized {
    /// Takes the parts from the front.
    fn take<'a>(parts: &mut impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, ApiError>;
}

macro_rules! id_part {
    ($($id:ty => $resource:literal,)*) => {
        $(impl PathPart for $id {
            fn read(_name: &str, text: &str) -> Result<Self, ApiError> {
                text.parse().map_err(|_| ApiError::not_found($resource))
            }
        })*
    };
}

id_part! {
    UserId => "user",
    ConversationId => "conversation",
    MessageId => "message",
    SessionId => "session",
}

impl PathPart for String {
    fn read(name: &str, text: &str) -> Result<Self, ApiError> {
        if text.contains('\0') {
            return Err(ApiError::invalid(name, "Must not contain the character NUL"));
        }
        Ok(text.to_owned())
    }
}

impl<T: PathPart> PathParts for T {
    fn take<'a>(parts: &mut impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, ApiError> {
        let Some((name, text)) = parts.next() else {
            tracing::error!("a handler takes more parts of its path than its route has");
            return Err(ApiError::internal());
        };
        T::read(name, text)
    }
}

impl<A: PathPart, B: PathPart> PathParts for (A, B) {
    fn take<'a>(parts: &mut impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, ApiError> {
        Ok((<A as PathParts>::take(parts)?, <B as PathParts>::take(parts)?))
    }
}

impl<A: PathPart, B: PathPart, C: PathPart> PathParts for (A, B, C) {
    fn take<'a>(parts: &mut impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, ApiError> {
        Ok((<A as PathParts>::take(parts)?, <B as PathParts>::take(parts)?, <C as PathParts>::take(parts)?))
    }
}

impl<T: PathParts, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::invalid("path", "Must be percent-encoded UTF-8"))?;
        Ok(Self(T::take(&mut params.iter())?))
    }
}
