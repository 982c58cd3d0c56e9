//! Who calls. A handler that takes [`Caller`] cannot be reached without a valid access token of the request's tenant.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use confab_contract::{ApiError, SessionId, Timestamp, UserId};

use super::client_address::ClientAddress;
use super::context::current;
use super::error::HttpError;
use super::rate;
use super::tenant::CurrentTenant;
use crate::rate::{Class, RateLimiter};
use crate::tenant::Tenant;
use crate::token::{TokenError, Verifier};

/// State that can check tokens.
pub trait HasIdentity {
    /// Checks access tokens.
    fn verifier(&self) -> &Verifier;

    /// Counts each request of a caller in the class [`Class::Regular`]; `None` counts nothing.
    fn rate_limiter(&self) -> Option<&RateLimiter> {
        None
    }
}

impl<T: HasIdentity> HasIdentity for Arc<T> {
    fn verifier(&self) -> &Verifier {
        T::verifier(self)
    }

    fn rate_limiter(&self) -> Option<&RateLimiter> {
        T::rate_limiter(self)
    }
}

/// The person behind a request, by the access token in `Authorization: Bearer`.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Where.
    pub tenant: Arc<Tenant>,
    /// Who.
    pub user: UserId,
    /// On which device.
    pub session: SessionId,
    /// When the access token expires.
    pub expires_at: Timestamp,
}

impl<S: HasIdentity + Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let CurrentTenant(tenant) = CurrentTenant::from_request_parts(parts, state).await?;
        let token = bearer(&parts.headers)?;
        let claims = match state.verifier().verify(&tenant, token) {
            Ok(claims) => claims,
            Err(error) => return Err(refused(state, &tenant, error).await),
        };
        let _ = current(|context| context.user.set(Some(claims.sub)));
        if let Some(limiter) = state.rate_limiter() {
            let limit = tenant.limits().regular;
            rate::enforce(limiter, &tenant, Class::Regular, &claims.sub.to_string(), limit).await?;
        }
        Ok(Self { user: claims.sub, session: claims.sid, expires_at: claims.exp, tenant })
    }
}

/// A token that does not hold. Made-up ones are counted by address, in the class of regular requests; those that were ours
/// once are not, since any client meets their end sometimes.
async fn refused(state: &impl HasIdentity, tenant: &Tenant, error: TokenError) -> HttpError {
    if let Some(limiter) = state.rate_limiter()
        && error.is_made_up()
    {
        let address = current(|context| context.client).unwrap_or(ClientAddress::UNKNOWN);
        let subject = format!("made-up-token:{}", address.rate_subject());
        if let Err(too_many) = rate::enforce(limiter, tenant, Class::Regular, &subject, tenant.limits().regular).await {
            return too_many;
        }
    }
    HttpError(refusal(error))
}

/// The token of an `Authorization` header, of which there must be exactly one.
fn bearer(headers: &HeaderMap) -> Result<&str, ApiError> {
    let missing = || ApiError::unauthenticated("Send an access token in the header Authorization: Bearer <token>");
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else { return Err(missing()) };
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(missing)?;
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(missing());
    }
    Ok(token)
}

/// 401 for a token that does not hold. Clients must tell expiry from the rest; what else is wrong they need not know.
#[must_use]
pub fn refusal(error: TokenError) -> ApiError {
    tracing::debug!(reason = %error, "token refused");
    match error {
        TokenError::Expired => {
            ApiError::unauthenticated("The access token has expired; refresh it").detail("reason", "expired")
        }
        TokenError::Revoked => {
            ApiError::unauthenticated("The session was ended; sign in again").detail("reason", "revoked")
        }
        _ => ApiError::unauthenticated("The access token does not hold").detail("reason", "invalid"),
    }
}
