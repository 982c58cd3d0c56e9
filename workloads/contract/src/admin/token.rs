//! The token that opens `TenantAdmin`: a short-lived JWT, signed with Ed25519 by a key of the operator's.
//!
//! The host's Config lists the public halves. The key's id in the token is the public half itself, so that several keys may
//! count during a rotation.

use std::fmt;

use aws_lc_rs::signature::{ED25519_PUBLIC_KEY_LEN, Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::{SecretSlice, SecretString};
use serde::{Deserialize, Serialize};

use crate::{TenantId, Timestamp};

/// `iss` of every such token.
pub const ISSUER: &str = "confab-operator";
/// Seconds that a token lives when [`OperatorKey`] makes it. Clocks of the operator and of a host may differ by as much.
pub const LIFETIME_SECONDS: i64 = 60;
/// Seconds that `exp` may lie ahead at most; a host refuses more.
pub const LIFETIME_SECONDS_MAX: i64 = 120;

/// `aud` of a token for a host.
#[must_use]
pub fn audience(host: &TenantId) -> String {
    format!("tenant-admin/{host}")
}

/// The id of a key in tokens.
#[must_use]
pub fn key_id(public_key: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(public_key)
}

/// What such a token says. Numbers are seconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminClaims {
    /// [`ISSUER`].
    pub iss: String,
    /// [`audience`] of the host.
    pub aud: String,
    /// When it was issued.
    pub iat: i64,
    /// From when on it counts.
    pub nbf: i64,
    /// From when on it does not count any more.
    pub exp: i64,
}

/// The bytes are no Ed25519 key in PKCS#8 form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 key as PKCS#8")]
pub struct NotAKey;

/// The operator's half of the secret: it signs tokens.
pub struct OperatorKey(Ed25519KeyPair);

impl fmt::Debug for OperatorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OperatorKey").field(&self.public_key()).finish()
    }
}

impl OperatorKey {
    /// A new key as PKCS#8, to be kept in a secret.
    ///
    /// # Panics
    ///
    /// When the operating system has no randomness to give.
    #[must_use]
    pub fn generate() -> SecretSlice<u8> {
        let pair = Ed25519KeyPair::generate().expect("the operating system gives randomness");
        pair.to_pkcs8v1().expect("a key pair that was just made can be written").as_ref().to_vec().into()
    }

    /// Reads a key from PKCS#8 (DER), with or without its public half.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, NotAKey> {
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map(Self).map_err(|_| NotAKey)
    }

    /// The public half as a host's Config lists it in `admin.operator_keys`: base64 of 32 bytes.
    pub fn public_key(&self) -> String {
        STANDARD.encode(self.0.public_key())
    }

    /// A token for a host, to be sent as `authorization: Bearer …`. It counts for [`LIFETIME_SECONDS`].
    pub fn sign(&self, host: &TenantId, now: Timestamp) -> SecretString {
        let issued = now.as_seconds();
        self.sign_claims(&AdminClaims {
            iss: ISSUER.to_owned(),
            aud: audience(host),
            iat: issued,
            nbf: issued,
            exp: issued + LIFETIME_SECONDS,
        })
    }

    /// A token with other claims, for whoever tests that a host refuses them.
    ///
    /// # Panics
    ///
    /// Never: claims are plain data.
    pub fn sign_claims(&self, claims: &impl Serialize) -> SecretString {
        let header = serde_json::json!({
            "alg": "EdDSA", "typ": "JWT", "kid": key_id(self.0.public_key().as_ref()),
        });
        let part = |json: String| URL_SAFE_NO_PAD.encode(json);
        let claims = serde_json::to_string(claims).expect("claims are plain data");
        let message = format!("{}.{}", part(header.to_string()), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.0.sign(message.as_bytes()));
        format!("{message}.{signature}").into()
    }
}

/// Reads a public half as a Config spells it.
#[must_use]
pub fn public_key_of(text: &str) -> Option<[u8; ED25519_PUBLIC_KEY_LEN]> {
    STANDARD.decode(text.trim()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_token_is_signed_by_the_key_that_it_names_and_lives_a_minute() {
        let key = OperatorKey::from_pkcs8(OperatorKey::generate().expose_secret()).expect("it was just made");
        let host: TenantId = "chat.host".parse().expect("an id");
        let token = key.sign(&host, Timestamp::from_millis(1_000_500));
        let (message, signature) = token.expose_secret().rsplit_once('.').expect("three parts");
        let public = public_key_of(&key.public_key()).expect("32 bytes");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64");
        UnparsedPublicKey::new(&ED25519, public).verify(message.as_bytes(), &signature).expect("it holds");
        let (header, claims) = message.split_once('.').expect("two parts");
        let read = |part| serde_json::from_slice::<serde_json::Value>(&URL_SAFE_NO_PAD.decode(part).expect("base64"));
        assert_eq!(read(header).expect("JSON")["kid"], key_id(&public));
        let claims: AdminClaims = serde_json::from_value(read(claims).expect("JSON")).expect("the claims");
        assert_eq!((claims.aud.as_str(), claims.iat, claims.exp), ("tenant-admin/chat.host", 1000, 1060));
    }

    #[test]
    fn a_key_never_prints_its_private_half_and_strange_bytes_are_none() {
        let secret = OperatorKey::generate();
        let key = OperatorKey::from_pkcs8(secret.expose_secret()).expect("it was just made");
        assert_eq!(format!("{key:?}"), format!("OperatorKey({:?})", key.public_key()));
        for strange in [&b""[..], b"key", &secret.expose_secret()[1..]] {
            assert_eq!(OperatorKey::from_pkcs8(strange).map(drop), Err(NotAKey));
        }
        assert_eq!(public_key_of("c2hvcnQ="), None);
    }
}
