//! `/v1/users/me/sessions` and `/v1/users/me/password`: devices that are signed in, and the password.

use garde::Validate;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{SessionId, Timestamp, validate};

/// One signed-in device.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// Names the session in `DELETE /v1/users/me/sessions/{session_id}`.
    pub session_id: SessionId,
    /// The client's own name for the device.
    #[schema(example = "device_xyz123")]
    pub device_id: Option<String>,
    /// The `User-Agent` at sign-in, shortened.
    #[schema(example = "confab-tour/0.1")]
    pub user_agent: Option<String>,
    /// The address at the last sign-in or refresh.
    #[schema(example = "203.0.113.7")]
    pub address: Option<String>,
    /// When it signed in.
    pub created_at: Timestamp,
    /// When it last signed in or refreshed.
    pub last_used_at: Timestamp,
    /// When it ends unless it is refreshed.
    pub expires_at: Timestamp,
    /// Whether this very request came from it.
    pub is_current: bool,
}

/// The data of `GET /v1/users/me/sessions`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SessionList {
    /// The newest first.
    pub sessions: Vec<Session>,
    /// How many there are in all.
    #[schema(example = 2)]
    pub total: u64,
}

/// `PUT /v1/users/me/password`. Every other session is signed out.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePasswordRequest {
    /// The password so far.
    #[garde(custom(validate::given_password))]
    #[schema(value_type = String, format = Password, example = "SecurePass123!", min_length = 1, max_length = 128)]
    pub current_password: SecretString,
    /// The password from now on: 8 to 128 characters; common and guessable ones are refused.
    #[garde(custom(validate::new_password))]
    #[schema(value_type = String, format = Password, example = "correct-horse-7-staple", min_length = 8, max_length = 128)]
    pub new_password: SecretString,
}
