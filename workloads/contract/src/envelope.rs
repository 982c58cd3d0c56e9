//! The envelope of every good reply: `{"success": true, "data": …, "message": …, "pagination": …}`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A good reply that carries data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reply<T> {
    /// Always `true`.
    #[schema(example = true)]
    pub success: bool,
    /// What was asked for.
    pub data: T,
    /// A sentence for a person, on some writes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
}

impl<T> Reply<T> {
    /// Data alone.
    pub fn new(data: T) -> Self {
        Self { success: true, data, message: None }
    }

    /// Data and a sentence.
    pub fn with_message(data: T, message: impl Into<String>) -> Self {
        Self { success: true, data, message: Some(message.into()) }
    }
}

/// A good reply that says only that it was done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Done {
    /// Always `true`.
    #[schema(example = true)]
    pub success: bool,
    /// A sentence for a person.
    #[schema(example = "Logged out successfully")]
    pub message: String,
}

impl Done {
    /// A reply with this sentence.
    pub fn new(message: impl Into<String>) -> Self {
        Self { success: true, message: message.into() }
    }
}

/// A good reply with one page of a list: the list's own fields inside `data`, the common `pagination` beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// Always `true`.
    #[schema(example = true)]
    pub success: bool,
    /// The list and its own counters.
    pub data: T,
    /// Where this page lies.
    pub pagination: Pagination,
}

impl<T> Page<T> {
    /// A page of data.
    pub fn new(data: T, pagination: Pagination) -> Self {
        Self { success: true, data, pagination }
    }
}

/// Where a page lies in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pagination {
    /// How many entries were asked for at most.
    #[schema(example = 50)]
    pub limit: u32,
    /// How many entries lie before this page.
    #[schema(example = 0)]
    pub offset: u32,
    /// How many entries there are in all.
    #[schema(example = 150)]
    pub total: u64,
    /// Whether entries follow.
    pub has_next: bool,
    /// Whether entries precede.
    pub has_prev: bool,
}

impl Pagination {
    /// Derives the two flags.
    #[must_use]
    pub fn new(limit: u32, offset: u32, total: u64) -> Self {
        let end = u64::from(offset) + u64::from(limit);
        Self { limit, offset, total, has_next: end < total, has_prev: offset > 0 && total > 0 }
    }
}
