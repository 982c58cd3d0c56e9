//! From an HTTP request to a socket: which hosts, which pages, how many.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::get;
use confab_chassis::drain::Phase;
use confab_chassis::http::query::parse;
use confab_chassis::http::{ClientAddress, CurrentTenant, HttpResult};
use confab_chassis::tenant::Tenant;
use confab_contract::{ApiError, ErrorCode, limit};
use garde::Validate;
use secrecy::SecretString;
use serde::Deserialize;

use crate::gateway::Gateway;
use crate::origin;
use crate::session::connection;
use crate::session::opening::Opening;
use crate::threshold::Full;

/// Bytes read at once. An idle socket keeps this buffer; axum's default of 128 KiB would be most of its memory.
const READ_BUFFER: usize = 1024;
/// Bytes gathered before a write. It is also what a socket keeps after traffic.
const WRITE_BUFFER: usize = 2048;
/// Bytes that may wait inside the socket. A frame of an event is smaller.
const MOST_WRITE_BUFFER: usize = 1024 * 1024;
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

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

async fn open_at_root(
    gateway: State<Arc<Gateway>>,
    CurrentTenant(tenant): CurrentTenant,
    address: ClientAddress,
    headers: HeaderMap,
    uri: axum::http::Uri,
    upgrade: Upgrade,
) -> HttpResult<Response> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !host.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("ws.")) {
        return Err(ApiError::not_found("page: the WebSocket is at /v1/ws, and at / of the host ws.<domain>").into());
    }
    open(gateway, CurrentTenant(tenant), address, headers, uri, upgrade).await
}

async fn open(
    State(gateway): State<Arc<Gateway>>,
    CurrentTenant(tenant): CurrentTenant,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    uri: axum::http::Uri,
    upgrade: Upgrade,
) -> HttpResult<Response> {
    let upgrade = upgrade.map_err(|rejection| not_an_upgrade(&rejection))?;
    let query: OpenQuery = parse(uri.query().unwrap_or_default())?;
    check_origin(&headers, &tenant)?;
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
    let upgrade = upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(MOST_WRITE_BUFFER)
        .max_message_size(limit::FRAME_BYTES)
        .max_frame_size(limit::FRAME_BYTES);
    Ok(upgrade.on_upgrade(move |socket: WebSocket| connection::serve(gateway, tenant, socket, opening, slot)))
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

fn check_origin(headers: &HeaderMap, tenant: &Tenant) -> Result<(), ApiError> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    if origin::is_allowed(Some(origin.to_str().unwrap_or_default()), &tenant.config) {
        return Ok(());
    }
    Err(ApiError::forbidden("Pages of this origin may not open sockets here; see auth.allowed_origins of the tenant"))
}

fn not_an_upgrade(rejection: &WebSocketUpgradeRejection) -> ApiError {
    ApiError::new(ErrorCode::ValidationError, "Only a WebSocket can be opened here")
        .detail("upgrade", rejection.body_text())
}
