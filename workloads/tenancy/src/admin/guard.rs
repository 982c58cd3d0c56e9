//! Who may ask: whoever shows a token that the operator signed for this host a moment ago.

use std::sync::Arc;

use confab_chassis::clock::Clock;
use confab_chassis::token::{LEEWAY_MILLIS, TokenError, Unverified};
use confab_contract::Timestamp;
use confab_contract::admin::token::{AdminClaims, ISSUER, LIFETIME_SECONDS_MAX, audience, key_id, public_key_of};
use confab_contract::config::admin::AdminConfig;
use tonic::metadata::MetadataMap;
use tonic::service::Interceptor;
use tonic::{Request, Status};

use super::metrics::{AdminMetrics, Method, Outcome};

/// Checks tokens. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Guard(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    keys: Vec<PublicKey>,
    audience: String,
    clock: Clock,
    metrics: AdminMetrics,
}

#[derive(Debug)]
struct PublicKey {
    id: String,
    bytes: [u8; 32],
}

impl Guard {
    /// `None`: the Config lists something else than keys.
    pub(super) fn new(config: &AdminConfig, clock: Clock, metrics: AdminMetrics) -> Option<Self> {
        let key = |text: &String| public_key_of(text).map(|bytes| PublicKey { id: key_id(&bytes), bytes });
        let keys = config.operator_keys.iter().map(key).collect::<Option<Vec<_>>>()?;
        Some(Self(Arc::new(Inner { keys, audience: audience(&config.host), clock, metrics })))
    }

    /// Lets a request through, or not. The caller learns only that its token does not hold.
    fn check(&self, request: Request<()>) -> Result<Request<()>, Status> {
        let checked = bearer(request.metadata()).ok_or(TokenError::Malformed).and_then(|token| self.verify(token));
        match checked {
            Ok(()) => Ok(request),
            Err(reason) => {
                let peer = request.remote_addr().map(tracing::field::display);
                tracing::info!(%reason, peer, "a call of TenantAdmin was refused");
                self.0.metrics.count(Method::Any, Outcome::Unauthenticated);
                Err(Status::unauthenticated("send a token of the operator's for this host, as authorization: Bearer"))
            }
        }
    }

    fn verify(&self, token: &str) -> Result<(), TokenError> {
        let token = Unverified::parse(token)?;
        let key = self.0.keys.iter().find(|key| key.id == token.header.kid).ok_or(TokenError::UnknownKey)?;
        token.verify(&key.bytes)?;
        self.judge(&token.claims()?, self.0.clock.now())
    }

    fn judge(&self, claims: &AdminClaims, now: Timestamp) -> Result<(), TokenError> {
        if claims.iss != ISSUER || claims.aud != self.0.audience {
            return Err(TokenError::Elsewhere);
        }
        let soon = now.plus_millis(LEEWAY_MILLIS).as_seconds();
        if claims.nbf > soon || claims.iat > soon {
            return Err(TokenError::NotYet);
        }
        if claims.exp <= now.as_seconds() {
            return Err(TokenError::Expired);
        }
        // Nobody needs one that lives longer, and one that was stolen should not.
        if claims.exp > now.as_seconds() + LIFETIME_SECONDS_MAX {
            return Err(TokenError::TooLong);
        }
        Ok(())
    }
}

impl Interceptor for Guard {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        self.check(request)
    }
}

/// The token of the metadata `authorization`, of which there must be exactly one.
fn bearer(metadata: &MetadataMap) -> Option<&str> {
    let mut given = metadata.get_all("authorization").iter();
    let (Some(value), None) = (given.next(), given.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

#[cfg(test)]
mod tests;
