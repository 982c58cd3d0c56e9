//! From an HTTP request to a socket: which hosts, which pages, how many.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::get;
use confab_chassis::drain::Phase;
use confab_chassis::http::cors::origin_allowed;
use confab_chassis::http::query::parse;
use confab_chassis::http::{ClientAddress, CurrentTenant, HttpResult, NamedHost};
use confab_chassis::tenant::Tenant;
use confab_contract::{ApiError, ErrorCode};
use garde::Validate;
use secrecy::SecretString;
use serde::Deserialize;

use crate::gateway::Gateway;
use crate::session::connection;
use crate::session::opening::Opening;
use crate::threshold::Full;
use crate::wire::handshake::Handshake;

/// Seconds after which a refused client should try again; by then the load balancer knows better.
const RETRY_AFTER: u32 = 2;

/// Every route of this service. `/` is the WebSocket only at `ws.<domain>`.
pub fn router(gateway: &Arc<Gateway>) -> Router {
    Router::new().route("/v1/ws", get(open)).route("/", get(open_at_root)).with_state(Arc::clone(gateway))
}

/// `?token=…&resume=1`
#[derive(Debug, Default, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
struct OpenQuery {
    /// An access token. Never logged.
    #[garde(skip)]
    token: Option<SecretString>,
    /// Deliver nothing before a `resume` frame.
    #[garde(skip)]
    resume: Flag,
}

/// `1` or `true`; `0`, `false` or absent.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Flag {
    #[default]
    #[serde(rename = "0", alias = "false")]
    Off,
    #[serde(rename = "1", alias = "true")]
    On,
}

async fn open_at_root(
    gateway: State<Arc<Gateway>>,
    tenant: CurrentTenant,
    address: ClientAddress,
    host: NamedHost,
    request: Request,
) -> HttpResult<Response> {
    let named = host.0.as_deref().unwrap_or_default();
    if !named.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("ws.")) {
        return Err(ApiError::not_found("page: the WebSocket is at /v1/ws, and at / of the host ws.<domain>").into());
    }
    open(gateway, tenant, address, host, request).await
}

async fn open(
    State(gateway): State<Arc<Gateway>>,
    CurrentTenant(tenant): CurrentTenant,
    ClientAddress(address): ClientAddress,
    NamedHost(host): NamedHost,
    request: Request,
) -> HttpResult<Response> {
    let (mut parts, _) = request.into_parts();
    let handshake = Handshake::of(&mut parts)?;
    let query: OpenQuery = parse(parts.uri.query().unwrap_or_default())?;
    check_origin(&parts.headers, &tenant, host.as_deref())?;
    let leaving = gateway.core.drain.phase() >= Phase::Refusing;
    let Some(slot) = (!leaving).then(|| gateway.slot()).flatten() else {
        gateway.core.metrics.refused.inc();
        let why = if leaving { "This server is leaving" } else { "This server has all the connections that it takes" };
        return Err(ApiError::unavailable(why, RETRY_AFTER).into());
    };
    let place = gateway.threshold.enter(address).map_err(|full| {
        gateway.core.metrics.refused.inc();
        no_place(&full)
    })?;
    let opening = Opening { token: query.token, hold: query.resume == Flag::On, address, place };
    Ok(handshake.accept(move |sink, stream| connection::serve(gateway, tenant, (sink, stream), opening, slot)))
}

fn no_place(full: &Full) -> ApiError {
    match full {
        Full::Altogether => ApiError::unavailable("Too many sockets wait here for somebody to sign in", RETRY_AFTER),
        Full::ForOne => {
            ApiError::new(ErrorCode::RateLimitExceeded, "Too many sockets of this address wait for a sign-in")
                .retry_after(RETRY_AFTER)
        }
    }
}

/// Native clients send no `Origin`. Cookies play no part in signing in, so a foreign page cannot act for a person; the check
/// keeps pages that hold a stolen token, or that were tricked into using one, from speaking through the victim's browser.
fn check_origin(headers: &HeaderMap, tenant: &Tenant, host: Option<&str>) -> Result<(), ApiError> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    if origin_allowed(tenant, origin.to_str().unwrap_or_default(), host) {
        return Ok(());
    }
    Err(ApiError::forbidden("Pages of this origin may not open sockets here; see auth.allowed_origins of the tenant"))
}
