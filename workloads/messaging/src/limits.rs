//! Rate limits: which class a route belongs to, and whose bucket a request takes from.
//!
//! | routes | class | bucket |
//! |---|---|---|
//! | register, login | authentication | the client's address; login also the account ([`crate::sign_in`]) |
//! | refresh | authentication | the session of the token |
//! | logout | authentication, beside the regular one | the person |
//! | everything with a bearer token | regular | the person, counted by [`Caller`] itself |
//!
//! Documents, keys and probes are not limited. Every reply of a limited route shows the strictest limit that it met.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use confab_chassis::http::auth::Caller;
use confab_chassis::http::{CurrentTenant, HttpError, rate};
use confab_chassis::rate::Class;
use confab_chassis::tenant::Tenant;

use crate::sign_in::Origin;
use crate::state::MessagingState;

/// Somebody without a token. A handler that takes one is limited by address.
#[derive(Debug, Clone)]
pub(crate) struct Stranger {
    /// Where.
    pub(crate) tenant: Arc<Tenant>,
    /// From where.
    pub(crate) origin: Origin,
}

impl FromRequestParts<MessagingState> for Stranger {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &MessagingState) -> Result<Self, HttpError> {
        let CurrentTenant(tenant) = CurrentTenant::from_request_parts(parts, state).await?;
        let origin = Origin::of(parts, state).await;
        let subject = format!("address:{}", origin.address.rate_subject());
        count_authentication(state, &tenant, &subject).await?;
        Ok(Self { tenant, origin })
    }
}

/// Counts what a person does with a sign-in.
pub(crate) async fn count_person(state: &MessagingState, caller: &Caller) -> Result<(), HttpError> {
    count_authentication(state, &caller.tenant, &format!("user:{}", caller.user)).await
}

/// Takes one of the authentication class from a bucket.
pub(crate) async fn count_authentication(
    state: &MessagingState,
    tenant: &Tenant,
    subject: &str,
) -> Result<(), HttpError> {
    let limit = rate::limit_of(tenant, Class::Authentication);
    rate::enforce(state.limiter(), tenant, Class::Authentication, subject, limit).await
}
