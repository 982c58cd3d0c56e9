//! Access tokens, refresh tokens, and who may no longer use theirs.
//!
//! An access token is a JWT signed with Ed25519 by a key of the tenant's own. A refresh token is opaque. Neither passes for
//! the other: they have different forms and different keys.
//!
//! - [`keyring`]: the tenants' keys; signing, and the public halves as a JWK set.
//! - [`verifier`]: from text to [`Claims`], once per token.
//! - [`revocations`]: the sessions that ended before their tokens did.
//! - [`refresh`]: refresh tokens.

mod cache;
pub mod keyring;
pub mod refresh;
pub mod revocations;
pub mod verifier;
mod wire;

use std::sync::Arc;

use confab_contract::{SessionId, TenantId, Timestamp, UserId};

pub use keyring::{KeyMaterial, Keyring, SignError, generate_key};
pub use revocations::Revocations;
pub use verifier::Verifier;
pub use wire::{Unverified, WireHeader};

/// The `aud` of every access token. A token for another purpose gets another audience, and so opens nothing here.
pub const AUDIENCE: &str = "confab";

/// How far clocks of our own processes may differ. It applies to `nbf` and `iat` only: a token that has expired is refused
/// at once.
pub const LEEWAY_MILLIS: i64 = 5000;

/// What a valid access token says. `aud` is always [`AUDIENCE`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The tenant's issuer.
    pub iss: Arc<str>,
    /// Whose token it is.
    pub sub: UserId,
    /// The tenant.
    pub tid: TenantId,
    /// The session that it belongs to.
    pub sid: SessionId,
    /// When it was issued.
    pub iat: Timestamp,
    /// From when on it counts.
    pub nbf: Timestamp,
    /// From when on it does not count any more.
    pub exp: Timestamp,
}

/// Why a token is refused. Clients learn only whether it has expired; the rest is for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a JWT of the form we issue: wrong parts, header or claims.
    #[error("not a token of this server")]
    Malformed,
    /// Signed, or said to be signed, by something else than Ed25519.
    #[error("algorithm is not EdDSA")]
    Algorithm,
    /// No key of the tenant has that `kid`. It may be so new that this process has not read it yet.
    #[error("unknown signing key")]
    UnknownKey,
    /// The signature does not hold.
    #[error("signature does not hold")]
    Signature,
    /// `iss`, `aud` or `tid` name somebody else.
    #[error("issued for another tenant or purpose")]
    Elsewhere,
    /// `nbf` or `iat` lies in the future.
    #[error("not valid yet")]
    NotYet,
    /// It has expired.
    #[error("expired")]
    Expired,
    /// It lives longer than any that we issue.
    #[error("lives too long")]
    TooLong,
    /// Its session was ended.
    #[error("session was ended")]
    Revoked,
}

impl TokenError {
    /// Whether no client could come to hold such a token by using the API as it is meant.
    #[must_use]
    pub const fn is_made_up(self) -> bool {
        match self {
            Self::Malformed
            | Self::Algorithm
            | Self::UnknownKey
            | Self::Signature
            | Self::Elsewhere
            | Self::TooLong => true,
            Self::NotYet | Self::Expired | Self::Revoked => false,
        }
    }
}
