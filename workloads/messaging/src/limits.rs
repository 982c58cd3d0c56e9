//! Rate limits: which class a route belongs to, and whose bucket a request takes from.
//!
//! | routes | class | bucket |
//! |---|---|---|
//! | register, login | authentication | the client's address |
//! | login, besides | authentication | see [`Attempt`] |
//! | refresh | authentication | the session of a genuine token, the address for any other |
//! | logout, change of password | authentication, beside the regular one | the person, or the session |
//! | everything with a bearer token | regular | the person, counted by [`Caller`] itself; the address for a made-up token |
//!
//! Documents, keys and probes are not limited. Every reply to a request that was counted shows the strictest limit that it
//! met. By address always means of IPv6 the /64.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use confab_chassis::http::auth::Caller;
use confab_chassis::http::{ClientAddress, CurrentTenant, HttpError, rate};
use confab_chassis::rate::Class;
use confab_chassis::tenant::Tenant;
use confab_contract::config::tenant::RateLimit;
use confab_store::sessions::Familiarity;

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

/// Somebody tries to sign in to an account.
pub(crate) struct Attempt<'a> {
    /// The account, whether it exists or not.
    pub(crate) account: &'a str,
    /// From where.
    pub(crate) network: &'a str,
    /// The client's own name for its device.
    pub(crate) device: Option<&'a str>,
    /// Whether the account was there before.
    pub(crate) familiarity: Familiarity,
}

/// How many times the limit of one address strangers have all together against one account.
const STRANGERS: u32 = 4;

impl Attempt<'_> {
    /// The buckets that it takes from, with their limits, in this order. Where the account was before it has a bucket that
    /// nobody elsewhere can exhaust, and each of its devices there has one too. A device by its id alone has none, for
    /// that can be guessed. All who are strange to the account share one, so that many addresses give few guesses.
    fn buckets(&self, limit: RateLimit) -> Vec<(String, RateLimit)> {
        let Self { account, network, device, familiarity } = self;
        let here = format!("account:{account}:at:{network}");
        match (familiarity, device) {
            (Familiarity::Device, Some(device)) => vec![(format!("{here}:device:{device}"), limit)],
            (Familiarity::Network | Familiarity::Device, _) => vec![(here, limit)],
            (Familiarity::Strange, _) => {
                let requests = limit.requests.saturating_mul(STRANGERS);
                vec![(here, limit), (format!("account:{account}"), RateLimit { requests, ..limit })]
            }
        }
    }
}

/// Counts an attempt to sign in.
pub(crate) async fn count_attempt(
    state: &MessagingState,
    tenant: &Tenant,
    attempt: &Attempt<'_>,
) -> Result<(), HttpError> {
    for (subject, limit) in attempt.buckets(rate::limit_of(tenant, Class::Authentication)) {
        rate::enforce(state.limiter(), tenant, Class::Authentication, &subject, limit).await?;
    }
    Ok(())
}

/// Refuses an address that has shown too many refresh tokens that are none of ours.
pub(crate) async fn require_trust(
    state: &MessagingState,
    tenant: &Tenant,
    address: ClientAddress,
) -> Result<(), HttpError> {
    let limit = rate::limit_of(tenant, Class::Authentication);
    rate::require_left(state.limiter(), tenant, Class::Authentication, &forgeries_of(address), limit).await
}

/// Counts a refresh token that is none of ours.
pub(crate) async fn count_forgery(
    state: &MessagingState,
    tenant: &Tenant,
    address: ClientAddress,
) -> Result<(), HttpError> {
    count_authentication(state, tenant, &forgeries_of(address)).await
}

fn forgeries_of(address: ClientAddress) -> String {
    format!("forgeries:{}", address.rate_subject())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(network: &str, device: Option<&str>, familiarity: Familiarity) -> Vec<(String, u32)> {
        let attempt = Attempt { account: "a", network, device, familiarity };
        let limit = RateLimit { requests: 5, per_seconds: 60 };
        attempt.buckets(limit).into_iter().map(|(subject, limit)| (subject, limit.requests)).collect()
    }

    #[test]
    fn strangers_share_a_bucket_and_meet_none_of_those_who_are_known() {
        let strange = buckets("6.6.6.6", Some("phone"), Familiarity::Strange);
        assert_eq!(strange, [("account:a:at:6.6.6.6".to_owned(), 5), ("account:a".to_owned(), 20)]);
        for known in [
            buckets("10.0.0.1", Some("phone"), Familiarity::Device),
            buckets("10.0.0.1", Some("new"), Familiarity::Network),
            buckets("10.0.0.1", None, Familiarity::Network),
        ] {
            assert!(known.len() == 1 && strange.iter().all(|(subject, _)| *subject != known[0].0), "{known:?}");
        }
    }
}
