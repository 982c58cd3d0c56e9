//! What happens to a tenant over time: updates, and the end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a new version of the operator restarts what runs.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpdateStrategy {
    /// Only when somebody says so.
    #[default]
    Manual,
    /// By itself.
    Auto,
}

/// What a deletion leaves.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeletionPolicy {
    /// The data.
    #[default]
    Retain,
    /// Nothing.
    Delete,
}

impl DeletionPolicy {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Retain => "Retain",
            Self::Delete => "Delete",
        }
    }
}
