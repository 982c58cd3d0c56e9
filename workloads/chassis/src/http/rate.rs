//! Rate limits of requests: refused ones get 429, and every reply shows the strictest limit that its request met.

use confab_contract::config::tenant::RateLimit;
use confab_contract::{ApiError, ErrorCode};

use super::context::current;
use super::error::HttpError;
use crate::rate::{Class, RateLimiter, Verdict};
use crate::tenant::Tenant;

/// Counts this request for a subject, and refuses it when that is one too many.
pub async fn enforce(
    limiter: &RateLimiter,
    tenant: &Tenant,
    class: Class,
    subject: &str,
    limit: RateLimit,
) -> Result<(), HttpError> {
    let verdict = limiter.take(tenant.id(), class, subject, limit, 1).await;
    show(verdict);
    if verdict.allowed {
        return Ok(());
    }
    Err(HttpError(refusal(&verdict)))
}

/// Refuses when nothing is left of a limit, and takes nothing from it: for what is counted only when it fails.
pub async fn require_left(
    limiter: &RateLimiter,
    tenant: &Tenant,
    class: Class,
    subject: &str,
    limit: RateLimit,
) -> Result<(), HttpError> {
    let verdict = limiter.take(tenant.id(), class, subject, limit, 0).await;
    if verdict.remaining > 0 {
        return Ok(());
    }
    let verdict = Verdict { allowed: false, ..verdict };
    show(verdict);
    Err(HttpError(refusal(&verdict)))
}

/// 429 that says when to come back.
#[must_use]
pub fn refusal(verdict: &Verdict) -> ApiError {
    let message = format!("Too many requests; {} are allowed until the reset", verdict.limit);
    ApiError::new(ErrorCode::RateLimitExceeded, message).detail("limit", verdict.limit).retry_after(verdict.retry_after)
}

/// Shows this verdict in the headers of the reply, unless a stricter one is shown already.
pub fn show(verdict: Verdict) {
    let _ = current(|context| {
        let strictest = context.verdict.get().map_or(verdict, |shown| shown.stricter(verdict));
        context.verdict.set(Some(strictest));
    });
}

/// The limit that a class has with this tenant.
#[must_use]
pub fn limit_of(tenant: &Tenant, class: Class) -> RateLimit {
    let limits = tenant.limits();
    match class {
        Class::Authentication => limits.authentication,
        Class::Regular => limits.regular,
        Class::Uploads => limits.uploads,
        Class::WebSocket => limits.websocket,
    }
}
