//! The JSON inside an access token. Everything is typed and required; the header takes no field that we do not set.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use confab_contract::{SessionId, Timestamp, UserId};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::{Deserialize, Serialize};

use super::{AUDIENCE, Claims, LEEWAY_MILLIS, TokenError};
use crate::tenant::Tenant;

/// Longer texts are refused before anything is decoded.
const MAX_TOKEN_BYTES: usize = 2048;

/// The header. `jku`, `jwk`, `x5u`, `crit` and all else that could steer verification make the token malformed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireHeader {
    alg: String,
    /// Which key signed it.
    pub kid: String,
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
pub struct Unverified<'a> {
    /// Its header.
    pub header: WireHeader,
    payload: &'a str,
    /// What was signed.
    pub message: &'a str,
    /// The signature as text.
    pub signature: &'a str,
}

impl<'a> Unverified<'a> {
    /// Takes the text apart and checks its header.
    pub fn parse(token: &'a str) -> Result<Self, TokenError> {
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

    /// Checks the signature with an Ed25519 key of 32 bytes. The algorithm is ours to say, not the token's.
    pub fn verify(&self, public_key: &[u8]) -> Result<(), TokenError> {
        let key = DecodingKey::from_ed_der(public_key);
        match jsonwebtoken::crypto::verify(self.signature, self.message.as_bytes(), &key, Algorithm::EdDSA) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(TokenError::Signature),
        }
    }

    /// Reads the claims. Call it after the signature was checked.
    pub fn claims<T: serde::de::DeserializeOwned>(&self) -> Result<T, TokenError> {
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
