//! What went wrong, as the API says it. The one place where refusals and failures become status, code and text.
//!
//! Ids in a path that mean nothing to the caller are 404, and so are people who do not exist; a message that is named in
//! a body or a query must belong to the conversation at hand, else that field is invalid (400).

use axum::response::{IntoResponse, Response};
use confab_chassis::http::HttpError;
use confab_contract::{ApiError, UserId};
use confab_store::{Refusal, StoreError, WriteError};
use serde_json::Value;

use crate::password::HashError;

/// Seconds after which a retry makes sense when the store is away.
const STORE_RETRY_SECONDS: u32 = 2;
/// Seconds after which a retry makes sense when too many sign-ins wait.
const SIGN_IN_RETRY_SECONDS: u32 = 5;

/// What a handler answers.
pub type Answer<T> = Result<T, Failure>;

/// A request that was not done.
#[derive(Debug)]
pub struct Failure(HttpError);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self(HttpError(error))
    }
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        Self(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        if error.is_unavailable() {
            let text = "The database is not reachable at this moment";
            return HttpError::unavailable(&error, text, STORE_RETRY_SECONDS).into();
        }
        HttpError::internal(&error).into()
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Refused(refusal) => refused(refusal).into(),
            WriteError::Store(error) => error.into(),
        }
    }
}

impl From<HashError> for Failure {
    fn from(error: HashError) -> Self {
        if matches!(error, HashError::Busy) {
            return ApiError::unavailable("Too many sign-ins at this moment", SIGN_IN_RETRY_SECONDS).into();
        }
        HttpError::internal(&error).into()
    }
}

/// A password that was chosen badly, in the field that held it.
pub(crate) fn about_password(error: HashError, field: &'static str) -> Failure {
    match error {
        HashError::Guessable => {
            ApiError::invalid(field, "Too easy to guess; choose a longer or less common one").into()
        }
        other => other.into(),
    }
}

/// A refusal where the request named the message in this field: it says so instead of 404.
pub(crate) fn about_message(error: WriteError, field: &'static str) -> Failure {
    match error {
        WriteError::Refused(Refusal::MessageNotFound) => {
            ApiError::invalid(field, "Must be a message of this conversation").into()
        }
        other => other.into(),
    }
}

/// A refusal where the request named people in this field.
pub(crate) fn about_people(error: WriteError, field: &'static str) -> Failure {
    match error {
        WriteError::Refused(Refusal::UserNotFound(ids)) => {
            ApiError::not_found("user").detail(field, format!("No such user: {}", list(&ids))).into()
        }
        WriteError::Refused(Refusal::UserSuspended(ids)) => ApiError::forbidden("A suspended user cannot be added")
            .detail(field, format!("Suspended: {}", list(&ids)))
            .into(),
        WriteError::Refused(Refusal::Yourself) => ApiError::invalid(field, "Must not name yourself").into(),
        WriteError::Refused(Refusal::TooManyMembers { most }) => {
            ApiError::invalid(field, format!("A group has at most {most} members")).into()
        }
        other => other.into(),
    }
}

/// Each refusal of the store as an error of the API.
fn refused(refusal: Refusal) -> ApiError {
    match refusal {
        Refusal::ConversationNotFound => ApiError::not_found("conversation"),
        Refusal::MessageNotFound => ApiError::not_found("message"),
        Refusal::UserNotFound(ids) => ApiError::not_found("user").detail("user_ids", ids_of(&ids)),
        Refusal::UserSuspended(ids) => ApiError::forbidden("The account is suspended").detail("user_ids", ids_of(&ids)),
        Refusal::NotAMember(_) => ApiError::not_found("member of this conversation"),
        Refusal::NotAllowed(right) => ApiError::forbidden(right),
        Refusal::DirectConversation => {
            ApiError::conflict("A direct conversation has no name, picture or roles to change")
        }
        Refusal::TempIdReused => ApiError::conflict("Another message was sent under this temp_id")
            .detail("temp_id", "Was used for another message"),
        Refusal::ReplyElsewhere => {
            ApiError::invalid("reply_to_message_id", "Must be a message of the same conversation")
        }
        Refusal::MessageDeleted => ApiError::conflict("The message was deleted"),
        Refusal::TooManyMembers { most } => {
            ApiError::invalid("user_ids", format!("A group has at most {most} members"))
        }
        Refusal::TooManyReactions { most } => {
            ApiError::conflict(format!("A message has at most {most} different reactions"))
        }
        Refusal::TooManyVersions { most } => {
            ApiError::conflict(format!("A message has at most {most} versions; send a new one"))
        }
        Refusal::EmailTaken => {
            ApiError::conflict("User already exists").detail("email", "An account with this e-mail address exists")
        }
        Refusal::UsernameTaken => {
            ApiError::conflict("User already exists").detail("username", "This username is taken")
        }
        Refusal::Yourself => ApiError::invalid("user_id", "Must not name yourself"),
    }
}

fn ids_of(ids: &[UserId]) -> Value {
    ids.iter().map(ToString::to_string).collect()
}

fn list(ids: &[UserId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
