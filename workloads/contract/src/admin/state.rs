//! What becomes of a tenant on its host.

use serde::{Deserialize, Serialize};

/// What a host does with a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantState {
    /// Answers its requests.
    Serving,
    /// Answers them 503, as was asked for.
    Hibernated,
    /// Answers them 403: the host's policy admits the tenant no longer.
    NotAllowed,
    /// Knows nobody of that name, and keeps the rows.
    Retained,
    /// Knows nobody of that name, and deletes the rows.
    Deleting,
    /// Has deleted the rows, a moment ago.
    Gone,
}

impl TenantState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Serving, Self::Hibernated, Self::NotAllowed, Self::Retained, Self::Deleting, Self::Gone];

    /// The name in columns and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Hibernated => "hibernated",
            Self::NotAllowed => "not_allowed",
            Self::Retained => "retained",
            Self::Deleting => "deleting",
            Self::Gone => "gone",
        }
    }

    /// Whether the tenant was removed: nobody is found under its host names.
    #[must_use]
    pub const fn is_removed(self) -> bool {
        matches!(self, Self::Retained | Self::Deleting | Self::Gone)
    }

    /// Whether it takes one of the places that the host has for guests.
    #[must_use]
    pub const fn is_admitted(self) -> bool {
        matches!(self, Self::Serving | Self::Hibernated)
    }
}

/// Why a host does not serve a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalReason {
    /// Another tenant of the host has one of the host names.
    DomainTaken,
    /// The host's policy does not admit the namespace.
    NotAllowed,
    /// The host has as many guests as its policy allows.
    HostFull,
    /// The settings make no sense.
    InvalidConfig,
    /// Rows are there that were written under the other `encryption`.
    EncryptionDiffers,
    /// A newer record is stored, or the tenant was removed.
    Superseded,
    /// Rows of a former tenant of that name are still being deleted.
    BeingDeleted,
}

impl RefusalReason {
    /// The name in metrics, logs and conditions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DomainTaken => "DomainTaken",
            Self::NotAllowed => "NotAllowed",
            Self::HostFull => "HostFull",
            Self::InvalidConfig => "InvalidConfig",
            Self::EncryptionDiffers => "EncryptionDiffers",
            Self::Superseded => "Superseded",
            Self::BeingDeleted => "BeingDeleted",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_spelled_alike_everywhere() {
        for state in TenantState::ALL {
            assert_eq!(serde_json::to_value(state).expect("a word"), state.as_str());
        }
    }
}
