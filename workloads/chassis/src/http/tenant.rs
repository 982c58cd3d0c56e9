//! The tenant of a request, found by its host name.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Uri, header};
use confab_contract::{ApiError, ErrorCode};

use super::context::{Context, current};
use super::error::HttpError;
use crate::tenant::{Standing, Tenant};

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Seconds after which it may be told again who answers at a host.
const RETRY_SECONDS: u32 = 2;
/// Seconds after which a client should ask a hibernated tenant again. Nobody wakes one in a hurry.
const HIBERNATED_RETRY_SECONDS: u32 = 60;
/// A host name has at most this many characters; what is longer is cut where it is shown.
const MAX_HOST_CHARS: usize = 253;

/// The tenant whose host name the request names.
#[derive(Debug, Clone)]
pub struct CurrentTenant(pub Arc<Tenant>);

impl<S: Sync> FromRequestParts<S> for CurrentTenant {
    type Rejection = HttpError;

    async fn from_request_parts(_parts: &mut Parts, _state: &S) -> Result<Self, HttpError> {
        let found = current(|context| context.tenant.clone().ok_or_else(|| no_tenant(context)));
        match found {
            Some(Ok(tenant)) => Ok(Self(tenant)),
            Some(Err(error)) => Err(HttpError(error)),
            None => {
                tracing::error!("a handler asked for the tenant outside the edge");
                Err(HttpError(ApiError::internal()))
            }
        }
    }
}

/// The host that the client named, as the edge understood it: behind a proxy of ours what the proxy says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedHost(pub Option<String>);

impl<S: Sync> FromRequestParts<S> for NamedHost {
    type Rejection = Infallible;

    async fn from_request_parts(_parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(current(|context| context.host.clone()).flatten()))
    }
}

/// Why a request has no tenant.
pub(super) fn no_tenant(context: &Context) -> ApiError {
    if context.cannot_tell {
        return ApiError::unavailable("It cannot be told at this moment who answers at this host", RETRY_SECONDS);
    }
    unknown_host(context.host.as_deref())
}

/// Refuses requests to a tenant that is not served, and says why.
pub(super) fn check_standing(tenant: &Tenant) -> Result<(), ApiError> {
    match tenant.standing {
        Standing::Serving => Ok(()),
        Standing::Hibernated => {
            let text = "This tenant hibernates; it answers again when somebody wakes it";
            Err(ApiError::unavailable(text, HIBERNATED_RETRY_SECONDS).detail("reason", "tenant_hibernated"))
        }
        Standing::NotAllowed => {
            let text = "The host that serves this tenant does not admit it any more; its data are kept";
            Err(ApiError::forbidden(text).detail("reason", "tenant_not_allowed"))
        }
    }
}

/// 404 that says what to set.
fn unknown_host(host: Option<&str>) -> ApiError {
    let Some(host) = host else {
        return ApiError::new(ErrorCode::NotFound, "The request names no host, so it has no tenant");
    };
    let message = format!(
        "No tenant answers at host {host:?}; a tenant answers at its domain, at api. and ws. before it, and at its extra_hosts"
    );
    ApiError::new(ErrorCode::NotFound, message).detail("host", host)
}

/// The host that the client named: behind a proxy of ours what the proxy says, then the request's own.
pub(super) fn named_host<'a>(uri: &'a Uri, headers: &'a HeaderMap, behind_proxy: bool) -> Option<&'a str> {
    let forwarded = headers.get(FORWARDED_HOST).filter(|_| behind_proxy).and_then(|value| value.to_str().ok());
    // The last one was written by the nearest proxy.
    let forwarded = forwarded.and_then(|value| value.rsplit(',').next()).map(str::trim);
    let in_line = uri.authority().map(axum::http::uri::Authority::as_str);
    let in_header = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let host = forwarded.filter(|host| !host.is_empty()).or(in_line).or(in_header)?;
    Some(host.get(..MAX_HOST_CHARS).unwrap_or(host))
}
