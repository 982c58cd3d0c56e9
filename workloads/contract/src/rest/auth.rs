//! `/v1/auth/…`: register, sign in, refresh, sign out.

use garde::Validate;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Timestamp, UserId, limit, validate};

/// `POST /v1/auth/register`
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterRequest {
    /// E-mail address; it signs the person in and is unique within the tenant, whatever its case.
    #[garde(custom(validate::email))]
    #[schema(example = "user@example.com", format = Email, max_length = 254)]
    pub email: String,
    /// Name within the tenant, unique whatever its case.
    #[garde(custom(validate::username))]
    #[schema(example = "johndoe", pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]{1,30}[A-Za-z0-9]$")]
    pub username: String,
    /// 8 to 128 characters; common and guessable ones are refused.
    #[garde(custom(validate::new_password))]
    #[schema(value_type = String, format = Password, example = "SecurePass123!", min_length = 8, max_length = 128)]
    pub password: SecretString,
    /// Name as people write it.
    #[garde(inner(length(chars, min = 1, max = limit::FULL_NAME_CHARS), custom(validate::display_name)))]
    #[schema(example = "John Doe", min_length = 1, max_length = 100, pattern = r"[^\s\x00-\x1f\x7f-\x9f]")]
    pub full_name: Option<String>,
    /// Telephone number in E.164 form.
    #[garde(inner(custom(validate::phone)))]
    #[schema(example = "+84123456789", pattern = r"^\+[1-9][0-9]{6,14}$")]
    pub phone: Option<String>,
}

/// What `register` answers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Registered {
    /// The new account.
    pub user_id: UserId,
    /// As given.
    #[schema(example = "user@example.com")]
    pub email: String,
    /// As given.
    #[schema(example = "johndoe")]
    pub username: String,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// `POST /v1/auth/login`
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// The account's e-mail address, in any case.
    #[garde(length(chars, min = 1, max = limit::EMAIL_CHARS))]
    #[schema(example = "user@example.com", min_length = 1, max_length = 254)]
    pub email: String,
    /// The account's password.
    #[garde(custom(validate::given_password))]
    #[schema(value_type = String, format = Password, example = "SecurePass123!", min_length = 1, max_length = 128)]
    pub password: SecretString,
    /// The client's own name for the device; a later login from the same device replaces its session.
    #[garde(inner(length(chars, min = 1, max = limit::DEVICE_ID_CHARS)))]
    #[schema(example = "device_xyz123", min_length = 1, max_length = 128)]
    pub device_id: Option<String>,
}

/// What `login` answers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LoggedIn {
    /// Bearer token for every other request.
    #[schema(example = "eyJhbGciOiJFZERTQSIs...")]
    pub access_token: String,
    /// Single-use token for `refresh`.
    #[schema(example = "rt_...")]
    pub refresh_token: String,
    /// Seconds that the access token lives.
    #[schema(example = 3600)]
    pub expires_in: u32,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: TokenType,
    /// Who signed in.
    pub user: LoggedInUser,
}

/// The scheme of the access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum TokenType {
    /// RFC 6750.
    Bearer,
}

/// The user part of [`LoggedIn`].
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LoggedInUser {
    /// The account.
    pub user_id: UserId,
    /// Its address.
    #[schema(example = "user@example.com")]
    pub email: String,
    /// Its name.
    #[schema(example = "johndoe")]
    pub username: String,
    /// Its picture.
    #[schema(example = "https://cdn.example.com/avatars/user.jpg")]
    pub avatar_url: Option<String>,
}

/// `POST /v1/auth/refresh`
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// The newest refresh token of the session.
    #[garde(custom(validate::token))]
    #[schema(value_type = String, example = "rt_...", min_length = 1, max_length = 2048)]
    pub refresh_token: SecretString,
}

/// What `refresh` answers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Refreshed {
    /// The next access token.
    #[schema(example = "eyJhbGciOiJFZERTQSIs...")]
    pub access_token: String,
    /// The next refresh token; the one that was sent is used up.
    #[schema(example = "rt_...")]
    pub refresh_token: String,
    /// Seconds that the access token lives.
    #[schema(example = 3600)]
    pub expires_in: u32,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: TokenType,
}
