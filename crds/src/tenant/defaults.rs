//! What an absent field means. The field's documentation states the same; a test compares the two.

use super::ResolvedRate;

/// Namespace of a resource that names none.
pub const NAMESPACE: &str = "default";
/// `secretRef.key`.
pub const SECRET_KEY: &str = "uri";
/// `auth.accessTokenSeconds`.
pub const ACCESS_TOKEN_SECONDS: u32 = 3600;
/// `auth.refreshTokenDays`.
pub const REFRESH_TOKEN_DAYS: u32 = 30;
/// `limits.authentication`.
pub const AUTHENTICATION: ResolvedRate = ResolvedRate { requests: 5, per_seconds: 60 };
/// `limits.regular`.
pub const REGULAR: ResolvedRate = ResolvedRate { requests: 1000, per_seconds: 3600 };
/// `limits.uploads`.
pub const UPLOADS: ResolvedRate = ResolvedRate { requests: 100, per_seconds: 3600 };
/// `limits.websocket`.
pub const WEBSOCKET: ResolvedRate = ResolvedRate { requests: 100, per_seconds: 60 };
/// `limits.groupMembers`.
pub const GROUP_MEMBERS: u32 = 256;
/// `limits.messageBytes`.
pub const MESSAGE_BYTES: u32 = 48 * 1024;
/// `limits.metadataBytes`.
pub const METADATA_BYTES: u32 = 8 * 1024;
/// `limits.connectionsPerUser`.
pub const CONNECTIONS_PER_USER: u32 = 20;
