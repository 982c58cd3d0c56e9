//! Requests and replies of the REST API, one module per resource. Requests refuse unknown fields and carry their own
//! validation rules; replies are what the specification shows, plus what later modules say they add.

pub mod auth;
pub mod conversations;
pub mod members;
pub mod messages;
pub mod sessions;
pub mod sync;
pub mod users;

use serde::{Deserialize, Deserializer};

/// Tells an absent field (`None`) from one that is `null` (`Some(None)`), for partial updates.
#[expect(clippy::option_option, reason = "absent, null and present are three different things here")]
pub(crate) fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}
