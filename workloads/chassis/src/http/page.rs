//! Pages of lists: `limit` and `offset`.

use confab_contract::limit::{OFFSET_MAX, PAGE_DEFAULT, PAGE_MAX};
use serde::{Deserialize, Deserializer};
use utoipa::IntoParams;

/// The query of a list that has no other parameters. A list that has some repeats these two fields with
/// [`default_limit`], [`limit`] and [`offset`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, garde::Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Entries of the page at most.
    #[serde(default = "default_limit", deserialize_with = "limit")]
    #[garde(skip)]
    #[param(required = false, minimum = 1, maximum = 100, default = 50, example = 50)]
    pub limit: u32,
    /// Entries before the page.
    #[serde(default, deserialize_with = "offset")]
    #[garde(skip)]
    #[param(required = false, minimum = 0, maximum = 100_000, default = 0, example = 0)]
    pub offset: u32,
}

/// The `limit` of a request that names none.
#[must_use]
pub const fn default_limit() -> u32 {
    PAGE_DEFAULT
}

/// Reads a `limit`, from 1 to [`PAGE_MAX`].
pub fn limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    in_range(deserializer, 1, PAGE_MAX)
}

/// Reads an `offset`, from 0 to [`OFFSET_MAX`].
pub fn offset<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    in_range(deserializer, 0, OFFSET_MAX)
}

fn in_range<'de, D: Deserializer<'de>>(deserializer: D, least: u32, most: u32) -> Result<u32, D::Error> {
    // As text, so that whatever is no number in the range gets the same answer.
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: Option<u32> = text.parse().ok().filter(|number| digits && (least..=most).contains(number));
    number.ok_or_else(|| serde::de::Error::custom(format!("Must be a whole number from {least} to {most}")))
}
