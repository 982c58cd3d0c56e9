//! From the text of an access token to its claims. The signature is computed once; expiry, the tenant and revocation are
//! looked at each time.

use std::sync::Arc;

use confab_contract::Timestamp;
use jsonwebtoken::Algorithm;

use super::cache::{self, Cache, Verified};
use super::wire::{Unverified, WireClaims};
use super::{Claims, Keyring, Revocations, TokenError};
use crate::clock::Clock;
use crate::tenant::Tenant;

/// Checks access tokens. Cheap to clone; clones remember together.
#[derive(Debug, Clone)]
pub struct Verifier {
    keyring: Keyring,
    revocations: Revocations,
    clock: Clock,
    cache: Arc<Cache>,
}

impl Verifier {
    /// A verifier that has seen nothing yet.
    #[must_use]
    pub fn new(keyring: Keyring, revocations: Revocations, clock: Clock) -> Self {
        Self { keyring, revocations, clock, cache: Arc::new(Cache::new()) }
    }

    /// The keys it verifies with.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// The revocations it asks.
    pub fn revocations(&self) -> &Revocations {
        &self.revocations
    }

    /// The claims of a token that holds for this tenant at this moment. Verified once, then remembered until it expires.
    pub fn verify(&self, tenant: &Tenant, token: &str) -> Result<Arc<Claims>, TokenError> {
        let now = self.clock.now();
        let hash = cache::hash(token);
        if let Some(verified) = self.cache.get(&hash) {
            if self.still_holds(&verified, tenant, now) {
                return self.unless_revoked(verified.claims);
            }
            self.cache.remove(&hash);
        }
        let verified = self.check(tenant, token, now)?;
        self.cache.insert(hash, verified.clone());
        self.unless_revoked(verified.claims)
    }

    /// The same, without remembering: for what is checked once and then kept, such as the token of a socket.
    pub fn verify_once(&self, tenant: &Tenant, token: &str) -> Result<Arc<Claims>, TokenError> {
        let verified = self.check(tenant, token, self.clock.now())?;
        self.unless_revoked(verified.claims)
    }

    /// Whether what was remembered may be used; otherwise the token is verified afresh, which finds the right error.
    fn still_holds(&self, verified: &Verified, tenant: &Tenant, now: Timestamp) -> bool {
        let claims = &verified.claims;
        now < claims.exp
            && now < verified.key_expires_at
            && claims.tid == *tenant.id()
            && Some(verified.epoch) == self.keyring.epoch(tenant.id())
            && claims.iss == *tenant.issuer()
    }

    fn check(&self, tenant: &Tenant, token: &str, now: Timestamp) -> Result<Verified, TokenError> {
        let token = Unverified::parse(token)?;
        let checked = self.keyring.with_key(tenant.id(), &token.header.kid, now, |key, epoch| {
            let message = token.message.as_bytes();
            // The algorithm is ours to say, not the token's.
            match jsonwebtoken::crypto::verify(token.signature, message, &key.verifying, Algorithm::EdDSA) {
                Ok(true) => Ok((key.expires_at, epoch)),
                Ok(false) | Err(_) => Err(TokenError::Signature),
            }
        });
        let (key_expires_at, epoch) = checked.ok_or(TokenError::UnknownKey)??;
        let claims: WireClaims = token.claims()?;
        let claims = Arc::new(claims.check(tenant, now)?);
        Ok(Verified { claims, key_expires_at, epoch })
    }

    fn unless_revoked(&self, claims: Arc<Claims>) -> Result<Arc<Claims>, TokenError> {
        if self.revocations.is_revoked(&claims.tid, claims.sid) {
            return Err(TokenError::Revoked);
        }
        Ok(claims)
    }
}
