//! Signed-in devices: each session is the family of one chain of refresh tokens.

mod purge;
mod read;
mod revoke;
mod rotate;
mod sign_in;

use confab_contract::{SessionId, TenantId, Timestamp, UserId};
use secrecy::SecretString;

pub use purge::purge_ended;
pub use read::{get, list, revoked_since};
pub(crate) use revoke::revoke_all;
pub use revoke::{revoke, revoke_others};
pub use rotate::rotate;
pub use sign_in::{familiarity, insert};

/// A session to be made.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Chosen by the caller.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// The hash that the password was compared with. If it is no longer the account's, nobody is signed in.
    pub password_hash: SecretString,
    /// The client's own name for the device.
    pub device_id: Option<String>,
    /// `User-Agent` at sign-in.
    pub user_agent: Option<String>,
    /// Address at sign-in.
    pub address: Option<String>,
    /// What the address is recognised by later: itself, or the network of one client.
    pub network: Option<String>,
    /// What the refresh tokens of this family are derived from, besides the server's key.
    pub refresh_salt: String,
    /// When it ends unless it is refreshed.
    pub expires_at: Timestamp,
}

/// What signing in came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// The session is open.
    Opened {
        /// Older sessions of the same device, which are revoked by this.
        replaced: Vec<SessionId>,
        /// Number of the first refresh token.
        generation: u32,
    },
    /// The account has another hash by now, or is gone: compare again.
    Outdated,
    /// The account is suspended by now.
    Suspended,
}

/// How well an account knows the place that somebody signs in from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Familiarity {
    /// It never was there.
    Strange,
    /// It was there.
    Network,
    /// It was there with that device.
    Device,
}

/// A signed-in device: the family of one chain of refresh tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// The client's own name for the device.
    pub device_id: Option<String>,
    /// `User-Agent` at sign-in.
    pub user_agent: Option<String>,
    /// Address at the last sign-in or refresh.
    pub address: Option<String>,
    /// What the refresh tokens of this family are derived from.
    pub refresh_salt: String,
    /// Number of the newest refresh token; the first has 0.
    pub generation: u32,
    /// When it signed in.
    pub created_at: Timestamp,
    /// When it last signed in or refreshed.
    pub last_used_at: Timestamp,
    /// When it ends unless it is refreshed.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// What became of a refresh token that was presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// It was the newest: here is its successor.
    Rotated {
        /// Number of the successor.
        generation: u32,
    },
    /// It was used a moment ago, and the reply may have been lost: the same successor again.
    Repeated {
        /// Number of the successor.
        generation: u32,
    },
    /// It was used before: the session is revoked now.
    Reused,
    /// The session is revoked, has expired, or does not exist; or its owner is suspended.
    Gone,
}

/// What [`rotate`] goes by.
#[derive(Debug, Clone)]
pub struct RotateRules {
    /// The present.
    pub now: Timestamp,
    /// Milliseconds during which a used token gets its successor once more.
    pub grace_millis: i64,
    /// When the session ends after this rotation.
    pub expires_at: Timestamp,
    /// Where the request came from.
    pub address: Option<String>,
    /// What that address is recognised by later.
    pub network: Option<String>,
}

/// A session that was revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// In which tenant.
    pub tenant: TenantId,
    /// Which session.
    pub session: SessionId,
    /// When.
    pub revoked_at: Timestamp,
}
