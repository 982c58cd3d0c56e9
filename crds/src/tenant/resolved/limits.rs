//! Accounts, tokens and limits, with every default filled in.

use crate::tenant::{AuthSpec, LimitsSpec, RateLimit, Registration, defaults};

/// Accounts and tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedAuth {
    /// Whether strangers may make accounts.
    pub registration: Registration,
    /// Seconds that an access token lives.
    pub access_token_seconds: u32,
    /// Seconds that a session lives without being used.
    pub refresh_token_seconds: u32,
    /// Web origins allowed beside the tenant's own.
    pub allowed_origins: Vec<String>,
}

/// What is allowed how often, and how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResolvedLimits {
    /// Signing in and its like.
    pub authentication: ResolvedRate,
    /// All other requests.
    pub regular: ResolvedRate,
    /// Uploads.
    pub uploads: ResolvedRate,
    /// Frames from clients.
    pub websocket: ResolvedRate,
    /// Members of a group.
    pub group_members: u32,
    /// Decoded bytes of a message.
    pub message_bytes: u32,
    /// Bytes of its metadata.
    pub metadata_bytes: u32,
    /// Connections of one user on one process.
    pub connections_per_user: u32,
}

/// So many in so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResolvedRate {
    /// How many.
    pub requests: u32,
    /// In how many seconds.
    pub per_seconds: u32,
}

impl From<&AuthSpec> for ResolvedAuth {
    fn from(spec: &AuthSpec) -> Self {
        let days = spec.refresh_token_days.unwrap_or(defaults::REFRESH_TOKEN_DAYS);
        Self {
            registration: spec.registration.unwrap_or_default(),
            access_token_seconds: spec.access_token_seconds.unwrap_or(defaults::ACCESS_TOKEN_SECONDS),
            // The schema allows a year; an object that was never checked must not overflow.
            refresh_token_seconds: days.saturating_mul(86_400),
            allowed_origins: spec.allowed_origins.clone().unwrap_or_default(),
        }
    }
}

impl From<&LimitsSpec> for ResolvedLimits {
    fn from(spec: &LimitsSpec) -> Self {
        Self {
            authentication: ResolvedRate::of(spec.authentication, defaults::AUTHENTICATION),
            regular: ResolvedRate::of(spec.regular, defaults::REGULAR),
            uploads: ResolvedRate::of(spec.uploads, defaults::UPLOADS),
            websocket: ResolvedRate::of(spec.websocket, defaults::WEBSOCKET),
            group_members: spec.group_members.unwrap_or(defaults::GROUP_MEMBERS),
            message_bytes: spec.message_bytes.unwrap_or(defaults::MESSAGE_BYTES),
            metadata_bytes: spec.metadata_bytes.unwrap_or(defaults::METADATA_BYTES),
            connections_per_user: spec.connections_per_user.unwrap_or(defaults::CONNECTIONS_PER_USER),
        }
    }
}

impl ResolvedRate {
    fn of(spec: Option<RateLimit>, default: Self) -> Self {
        let spec = spec.unwrap_or_default();
        Self {
            requests: spec.requests.unwrap_or(default.requests),
            per_seconds: spec.per_seconds.unwrap_or(default.per_seconds),
        }
    }
}
