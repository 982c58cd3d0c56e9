//! The JSON inside an access token. Everything is typed and required; the header takes no field that we do not set.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use confab_contract::{SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use super::{AUDIENCE, Claims, LEEWAY_MILLIS, TokenError};
use crate::tenant::Tenant;

/// Longer texts are refused before anything is decoded.
const MAX_TOKEN_BYTES: usize = 2048;

/// The header. `jku`, `jwk`, `x5u`, `crit` and all else that could steer verification make the token malformed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireHeader {
    alg: String,
    pub(super) kid: String,
    typ: Option<String>,
}

/// The claims. Numbers must be numbers and `aud` one string. Claims that we do not know are passed over: the signature is
/// ours, and a newer process may add some.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireClaims {
    pub(super) iss: String,
    pub(super) aud: String,
    pub(super) sub: UserId,
    pub(super) tid: String,
    pub(super) sid: SessionId,
    pub(super) iat: i64,
    pub(super) nbf: i64,
    pub(super) exp: i64,
}

/// A token taken apart, its signature not yet checked.
#[derive(Debug)]
pub(super) struct Unverified<'a> {
    pub(super) header: WireHeader,
    payload: &'a str,
    /// What was signed.
    pub(super) message: &'a str,
    /// The signature as text.
    pub(super) signature: &'a str,
}

impl<'a> Unverified<'a> {
    /// Takes the text apart and checks its header.
    pub(super) fn parse(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(TokenError::Malformed)?;
        if payload.contains('.') {
            return Err(TokenError::Malformed);
        }
        let header: WireHeader = decode(header)?;
        if header.alg != "EdDSA" {
            return Err(TokenError::Algorithm);
        }
        if header.typ.as_deref().is_some_and(|typ| typ != "JWT") {
            return Err(TokenError::Malformed);
        }
        Ok(Self { header, payload, message, signature })
    }

    /// Reads the claims. Call it after the signature was checked.
    pub(super) fn claims(&self) -> Result<WireClaims, TokenError> {
        decode(self.payload)
    }
}

fn decode<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, TokenError> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| TokenError::Malformed)
}

impl WireClaims {
    /// The claims if they are meant for this tenant and count at this moment.
    pub(super) fn check(self, tenant: &Tenant, now: Timestamp) -> Result<Claims, TokenError> {
        let ours = self.aud == AUDIENCE && self.iss == **tenant.issuer() && self.tid == tenant.id().as_str();
        if !ours {
            return Err(TokenError::Elsewhere);
        }
        let claims = Claims {
            iss: tenant.issuer().clone(),
            sub: self.sub,
            tid: tenant.id().clone(),
            sid: self.sid,
            iat: seconds(self.iat),
            nbf: seconds(self.nbf),
            exp: seconds(self.exp),
        };
        let soon = now.plus_millis(LEEWAY_MILLIS);
        if claims.nbf > soon || claims.iat > soon {
            return Err(TokenError::NotYet);
        }
        if claims.exp <= now {
            return Err(TokenError::Expired);
        }
        Ok(claims)
    }
}

fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1000))
}
