//! The tenants' signing keys, of each tenant replaced as a whole.
//!
//! A key is made before it is needed, so that every process has read it by `active_from`; from `retires_at` on it signs no
//! more, and until `expires_at` it still verifies what it signed. Rotation therefore refuses no valid token.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use confab_contract::{SessionId, TenantId, Timestamp, UserId};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use secrecy::{ExposeSecret as _, SecretSlice};
use serde_json::{Value, json};

use super::AUDIENCE;
use super::wire::WireClaims;
use crate::sharded::Sharded;
use crate::tenant::Tenant;

/// A signing key with its times.
#[derive(Debug, Clone)]
pub struct KeyMaterial {
    /// Names the key in tokens and in the JWK set.
    pub kid: String,
    /// The private half as PKCS#8.
    pub private_key: SecretSlice<u8>,
    /// The public half, 32 bytes.
    pub public_key: Vec<u8>,
    /// From when on it signs.
    pub active_from: Timestamp,
    /// From when on it signs no more.
    pub retires_at: Timestamp,
    /// From when on it verifies no more.
    pub expires_at: Timestamp,
}

/// A new Ed25519 key. Its `kid` is the thumbprint of the public half (RFC 7638).
///
/// # Panics
///
/// When the operating system has no randomness to give.
#[must_use]
pub fn generate_key(active_from: Timestamp, retires_at: Timestamp, expires_at: Timestamp) -> KeyMaterial {
    let pair = Ed25519KeyPair::generate().expect("the operating system gives randomness");
    let document = pair.to_pkcs8().expect("a key pair that was just made can be written");
    let public_key = pair.public_key().as_ref().to_vec();
    KeyMaterial {
        kid: thumbprint(&public_key),
        private_key: document.as_ref().to_vec().into(),
        public_key,
        active_from,
        retires_at,
        expires_at,
    }
}

/// RFC 7638, for an Ed25519 key (RFC 8037, appendix A.3).
fn thumbprint(public_key: &[u8]) -> String {
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(public_key));
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, canonical.as_bytes()))
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The tenant has no key that signs at this moment.
    #[error("tenant {0} has no signing key that is active")]
    NoActiveKey(TenantId),
    /// The key is no Ed25519 key.
    #[error("failed to sign with key {kid}")]
    Key {
        /// Which key.
        kid: String,
        /// Why.
        source: jsonwebtoken::errors::Error,
    },
}

/// The keys of all tenants of this process. Cheap to clone.
#[derive(Clone, Default)]
pub struct Keyring(Arc<Inner>);

#[derive(Default)]
struct Inner {
    tenants: Sharded<TenantId, Arc<TenantKeys>>,
    epochs: AtomicU64,
}

/// The keys of one tenant.
struct TenantKeys {
    keys: Vec<Key>,
    /// Another one after a key has disappeared, so that what was verified with it is verified again.
    epoch: u64,
}

/// A key in the form that the JWT library takes.
pub(super) struct Key {
    kid: String,
    signing: EncodingKey,
    pub(super) verifying: DecodingKey,
    public_half: Vec<u8>,
    active_from: Timestamp,
    retires_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring")
    }
}

impl Keyring {
    /// No keys yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on the tenant has exactly these keys.
    pub fn replace(&self, tenant: &TenantId, keys: Vec<KeyMaterial>) {
        let keys: Vec<Key> = keys.into_iter().map(Key::from).collect();
        let is_kept = |old: &Key| keys.iter().any(|new| new.kid == old.kid && new.public_half == old.public_half);
        let before = self.0.tenants.get(tenant).filter(|before| before.keys.iter().all(is_kept));
        let epoch = before.map_or_else(|| self.0.epochs.fetch_add(1, Ordering::SeqCst), |before| before.epoch);
        self.0.tenants.insert(tenant.clone(), Arc::new(TenantKeys { keys, epoch }));
    }

    /// The tenant has no keys any more.
    pub fn remove(&self, tenant: &TenantId) {
        self.0.tenants.remove_if(tenant, |_| true);
    }

    /// The ids of the tenant's keys, for those who ask whether to make or to read new ones.
    pub fn kids(&self, tenant: &TenantId) -> Vec<String> {
        let found = self.0.tenants.get(tenant);
        found.map(|of_tenant| of_tenant.keys.iter().map(|key| key.kid.clone()).collect()).unwrap_or_default()
    }

    /// Issues an access token; the second value is when it expires.
    pub fn sign(
        &self,
        tenant: &Tenant,
        user: UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<(String, Timestamp), SignError> {
        let none = || SignError::NoActiveKey(tenant.id().clone());
        let of_tenant = self.0.tenants.get(tenant.id()).ok_or_else(none)?;
        let key = signing_key(&of_tenant.keys, now).ok_or_else(none)?;
        let issued = now.as_seconds();
        // The key may have been made when tokens lived shorter. No token outlives the key that verifies it.
        let expires = (issued + i64::from(tenant.auth().access_token_seconds)).min(key.expires_at.as_seconds());
        let claims = WireClaims {
            iss: tenant.issuer().to_string(),
            aud: AUDIENCE.to_owned(),
            sub: user,
            tid: tenant.id().to_string(),
            sid: session,
            iat: issued,
            nbf: issued,
            exp: expires,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(key.kid.clone());
        let token = jsonwebtoken::encode(&header, &claims, &key.signing)
            .map_err(|source| SignError::Key { kid: key.kid.clone(), source })?;
        Ok((token, Timestamp::from_millis(expires.saturating_mul(1000))))
    }

    /// The public halves as a JWK set (RFC 7517), for `/.well-known/jwks.json`.
    pub fn jwks(&self, tenant: &TenantId) -> Value {
        let of_tenant = self.0.tenants.get(tenant);
        let keys = of_tenant.map(|of_tenant| of_tenant.keys.iter().map(Key::jwk).collect()).unwrap_or_default();
        json!({ "keys": Value::Array(keys) })
    }

    /// Calls `work` with the key of that id, if it still verifies, and with the present [`Self::epoch`].
    pub(super) fn with_key<R>(
        &self,
        tenant: &TenantId,
        kid: &str,
        now: Timestamp,
        work: impl FnOnce(&Key, u64) -> R,
    ) -> Option<R> {
        let of_tenant = self.0.tenants.get(tenant)?;
        let key = of_tenant.keys.iter().find(|key| key.kid == kid && now < key.expires_at)?;
        Some(work(key, of_tenant.epoch))
    }

    /// Changes when a key of the tenant disappears.
    pub(super) fn epoch(&self, tenant: &TenantId) -> Option<u64> {
        self.0.tenants.get(tenant).map(|of_tenant| of_tenant.epoch)
    }
}

/// The newest key that signs at this moment.
fn signing_key(keys: &[Key], now: Timestamp) -> Option<&Key> {
    keys.iter().filter(|key| key.active_from <= now && now < key.retires_at).max_by_key(|key| key.active_from)
}

impl From<KeyMaterial> for Key {
    fn from(material: KeyMaterial) -> Self {
        Self {
            kid: material.kid,
            signing: EncodingKey::from_ed_der(material.private_key.expose_secret()),
            // Despite its name it takes the 32 bytes of the key as they are.
            verifying: DecodingKey::from_ed_der(&material.public_key),
            public_half: material.public_key,
            active_from: material.active_from,
            retires_at: material.retires_at,
            expires_at: material.expires_at,
        }
    }
}

impl Key {
    fn jwk(&self) -> Value {
        json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "alg": "EdDSA",
            "use": "sig",
            "kid": self.kid,
            "x": URL_SAFE_NO_PAD.encode(&self.public_half),
        })
    }
}
