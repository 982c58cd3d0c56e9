//! The tenants' signing keys, read without locks and replaced as a whole.
//!
//! A key is made before it is needed, so that every process has read it by `active_from`; from `retires_at` on it signs no
//! more, and until `expires_at` it still verifies what it signed. Rotation therefore refuses no valid token.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
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
    tenants: ArcSwap<HashMap<TenantId, Arc<Vec<Key>>>>,
    /// Grows whenever a key disappears, so that what was verified with it is verified again.
    withdrawals: AtomicU64,
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
        let tenants = self.0.tenants.load();
        let kids = tenants.iter().map(|(tenant, keys)| (tenant, keys.iter().map(|key| &key.kid).collect::<Vec<_>>()));
        f.debug_map().entries(kids).finish()
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
        let keys: Arc<Vec<Key>> = Arc::new(keys.into_iter().map(Key::from).collect());
        let before = self.0.tenants.rcu(|tenants| {
            let mut tenants = HashMap::clone(tenants);
            tenants.insert(tenant.clone(), Arc::clone(&keys));
            tenants
        });
        let gone = |old: &Key| !keys.iter().any(|new| new.kid == old.kid && new.public_half == old.public_half);
        if before.get(tenant).is_some_and(|old| old.iter().any(gone)) {
            self.0.withdrawals.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// The ids of the tenant's keys, for those who ask whether to make or to read new ones.
    pub fn kids(&self, tenant: &TenantId) -> Vec<String> {
        let tenants = self.0.tenants.load();
        tenants.get(tenant).map(|keys| keys.iter().map(|key| key.kid.clone()).collect()).unwrap_or_default()
    }

    /// Issues an access token; the second value is when it expires.
    pub fn sign(
        &self,
        tenant: &Tenant,
        user: UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<(String, Timestamp), SignError> {
        let tenants = self.0.tenants.load();
        let key = tenants
            .get(tenant.id())
            .and_then(|keys| signing_key(keys, now))
            .ok_or_else(|| SignError::NoActiveKey(tenant.id().clone()))?;
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
        let tenants = self.0.tenants.load();
        let keys = tenants.get(tenant).map(|keys| keys.iter().map(Key::jwk).collect()).unwrap_or_default();
        json!({ "keys": Value::Array(keys) })
    }

    /// Calls `work` with the key of that id, if it still verifies.
    pub(super) fn with_key<R>(
        &self,
        tenant: &TenantId,
        kid: &str,
        now: Timestamp,
        work: impl FnOnce(&Key) -> R,
    ) -> Option<R> {
        let tenants = self.0.tenants.load();
        let key = tenants.get(tenant)?.iter().find(|key| key.kid == kid && now < key.expires_at)?;
        Some(work(key))
    }

    /// How often keys have disappeared so far.
    pub(super) fn withdrawals(&self) -> u64 {
        self.0.withdrawals.load(Ordering::SeqCst)
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
