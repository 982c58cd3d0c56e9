//! `/v1/users/…`: profiles and search.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::present;
use crate::{Timestamp, UserId, limit, validate};

/// What others see of a person's availability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceStatus {
    /// At least one device is connected and active.
    Online,
    /// Connected, but not looking.
    Away,
    /// Connected, and not to be disturbed.
    Busy,
    /// Not connected, or not to be seen.
    #[default]
    Offline,
}

impl PresenceStatus {
    /// The text of the wire and of columns.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Away => "away",
            Self::Busy => "busy",
            Self::Offline => "offline",
        }
    }
}

/// The data of `GET /v1/users/{user_id}`. E-mail address, telephone number, status and last sight are `null` (the
/// status `offline`) for a reader who shares no conversation with the person.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Profile {
    /// The account.
    pub user_id: UserId,
    /// Name within the tenant.
    #[schema(example = "johndoe")]
    pub username: String,
    /// Name as people write it.
    #[schema(example = "John Doe")]
    pub full_name: Option<String>,
    /// E-mail address.
    #[schema(example = "user@example.com")]
    pub email: Option<String>,
    /// Telephone number in E.164 form.
    #[schema(example = "+84123456789")]
    pub phone: Option<String>,
    /// Picture.
    #[schema(example = "https://cdn.example.com/avatars/user.jpg")]
    pub avatar_url: Option<String>,
    /// A few words about the person.
    #[schema(example = "Software Developer")]
    pub bio: Option<String>,
    /// Availability now.
    #[schema(example = "online")]
    pub status: PresenceStatus,
    /// What the person says about it.
    #[schema(example = "Working remotely")]
    pub status_message: Option<String>,
    /// When a device was last connected, to within some fifteen seconds.
    pub last_seen: Option<Timestamp>,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// `PUT /v1/users/me`. A field that is absent stays as it is; one that is `null` is cleared.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateProfileRequest {
    /// Name as people write it.
    #[serde(default, deserialize_with = "present")]
    #[garde(inner(inner(length(chars, min = 1, max = limit::FULL_NAME_CHARS), custom(validate::display_name))))]
    #[schema(value_type = Option<String>, example = "John Smith", min_length = 1, max_length = 100,
        pattern = r"[^\s\x00-\x1f\x7f-\x9f]")]
    pub full_name: Option<Option<String>>,
    /// A few words about the person.
    #[serde(default, deserialize_with = "present")]
    #[garde(inner(inner(length(chars, max = limit::BIO_CHARS))))]
    #[schema(value_type = Option<String>, example = "Senior Software Developer", max_length = 500)]
    pub bio: Option<Option<String>>,
    /// Picture.
    #[serde(default, deserialize_with = "present")]
    #[garde(inner(inner(custom(validate::web_url))))]
    #[schema(value_type = Option<String>, example = "https://cdn.example.com/avatars/new.jpg", max_length = 2048, pattern = "^https?://")]
    pub avatar_url: Option<Option<String>>,
    /// What the person says about the status.
    #[serde(default, deserialize_with = "present")]
    #[garde(inner(inner(length(chars, max = limit::STATUS_MESSAGE_CHARS))))]
    #[schema(value_type = Option<String>, example = "Working remotely", max_length = 200)]
    pub status_message: Option<Option<String>>,
    /// Telephone number in E.164 form.
    #[serde(default, deserialize_with = "present")]
    #[garde(inner(inner(custom(validate::phone))))]
    #[schema(value_type = Option<String>, example = "+84123456789", pattern = r"^\+[1-9][0-9]{6,14}$")]
    pub phone: Option<Option<String>>,
}

/// What `PUT /v1/users/me` answers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct UpdatedProfile {
    /// The account.
    pub user_id: UserId,
    /// Name as people write it.
    #[schema(example = "John Smith")]
    pub full_name: Option<String>,
    /// A few words about the person.
    #[schema(example = "Senior Software Developer")]
    pub bio: Option<String>,
    /// Picture.
    #[schema(example = "https://cdn.example.com/avatars/new.jpg")]
    pub avatar_url: Option<String>,
    /// What the person says about the status.
    #[schema(example = "Working remotely")]
    pub status_message: Option<String>,
    /// Telephone number in E.164 form.
    #[schema(example = "+84123456789")]
    pub phone: Option<String>,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// One hit of `GET /v1/users/search`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FoundUser {
    /// The account.
    pub user_id: UserId,
    /// Name within the tenant.
    #[schema(example = "janedoe")]
    pub username: String,
    /// Name as people write it.
    #[schema(example = "Jane Doe")]
    pub full_name: Option<String>,
    /// Picture.
    #[schema(example = "https://cdn.example.com/avatars/jane.jpg")]
    pub avatar_url: Option<String>,
    /// Availability; `offline` for a reader who shares no conversation with the person.
    #[schema(example = "online")]
    pub status: PresenceStatus,
}

/// The data of `GET /v1/users/search`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct UserSearch {
    /// The hits, by username.
    pub users: Vec<FoundUser>,
    /// How many there are in all.
    #[schema(example = 1)]
    pub total: u64,
    /// As asked for.
    #[schema(example = 20)]
    pub limit: u32,
    /// As asked for.
    #[schema(example = 0)]
    pub offset: u32,
}
