//! `/v1/users/me/sessions` and `/v1/users/me/password`: signed-in devices, and the password.

use axum::Json as Body;
use axum::extract::State;
use confab_chassis::http::{Caller, Json, PageQuery, Path, Query};
use confab_contract::envelope::{Done, Page, Pagination};
use confab_contract::rest::sessions::{ChangePasswordRequest, SessionList};
use confab_contract::{ApiError, SessionId};
use confab_store::users::Credentials;
use confab_store::{sessions, users};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::owner;
use crate::document::errors::NotFound;
use crate::refusal::{Answer, about_password};
use crate::state::MessagingState;
use crate::{limits, publish, sign_in, view};

/// Devices and the password.
pub(crate) fn router() -> OpenApiRouter<MessagingState> {
    OpenApiRouter::default()
        .routes(routes!(list, revoke_others))
        .routes(routes!(revoke))
        .routes(routes!(change_password))
}

/// List the devices that are signed in
///
/// The newest first; `is_current` marks the one that asks.
#[utoipa::path(get, path = "/v1/users/me/sessions", operation_id = "list_sessions", tag = "sessions", params(PageQuery),
    responses((status = 200, description = "A page of sessions", body = Page<SessionList>)),
)]
async fn list(
    State(state): State<MessagingState>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Answer<Body<Page<SessionList>>> {
    let now = state.clock().now();
    let (rows, total) =
        sessions::list(state.store(), caller.tenant.id(), caller.user, now, page.limit, page.offset).await?;
    let sessions = rows.into_iter().map(|row| view::session(row, caller.session)).collect();
    Ok(Body(Page::new(SessionList { sessions, total }, Pagination::new(page.limit, page.offset, total))))
}

/// Sign out every other device
///
/// Ends all sessions of the caller but the one that asks.
#[utoipa::path(delete, path = "/v1/users/me/sessions", operation_id = "revoke_other_sessions", tag = "sessions",
    responses((status = 200, description = "Every other device is signed out", body = Done)),
)]
async fn revoke_others(State(state): State<MessagingState>, caller: Caller) -> Answer<Body<Done>> {
    let (tenant, now) = (caller.tenant.id(), state.clock().now());
    let revoked = sessions::revoke_others(state.store(), tenant, caller.user, Some(caller.session), now).await?;
    publish::revoked(&state, tenant, caller.user, &revoked);
    tracing::info!(%tenant, user = %caller.user, count = revoked.len(), "signed out every other device");
    Ok(Body(Done::new("Every other device was signed out")))
}

/// Sign out a device
///
/// Ends one session of the caller, on HTTP and WebSocket within a second.
#[utoipa::path(delete, path = "/v1/users/me/sessions/{session_id}", operation_id = "revoke_session", tag = "sessions",
    params(("session_id" = SessionId, Path, description = "The session")),
    responses((status = 200, description = "The device is signed out", body = Done), NotFound),
)]
async fn revoke(
    State(state): State<MessagingState>,
    caller: Caller,
    Path(session): Path<SessionId>,
) -> Answer<Body<Done>> {
    let (tenant, now) = (caller.tenant.id(), state.clock().now());
    if !sessions::revoke(state.store(), tenant, caller.user, session, now).await? {
        return Err(ApiError::not_found("session").into());
    }
    publish::revoked(&state, tenant, caller.user, &[session]);
    tracing::info!(%tenant, user = %caller.user, %session, "signed out a device");
    Ok(Body(Done::new("The device was signed out")))
}

/// Change the password
///
/// Takes the password so far and signs out every other device. A few tries a minute are allowed for each session.
#[utoipa::path(put, path = "/v1/users/me/password", tag = "sessions", request_body = ChangePasswordRequest,
    responses((status = 200, description = "The password was changed", body = Done)),
)]
async fn change_password(
    State(state): State<MessagingState>,
    caller: Caller,
    Json(request): Json<ChangePasswordRequest>,
) -> Answer<Body<Done>> {
    let tenant = &*caller.tenant;
    limits::count_authentication(&state, tenant, &format!("password:{}", caller.session)).await?;
    let Credentials { user, password_hash } =
        sign_in::check_password(&state, tenant, caller.user, request.current_password).await?;
    let owner = owner(&user.email, &user.username, user.full_name, &tenant.config.domain);
    let hashed = state.hasher().hash_new(request.new_password, owner).await;
    let hash = hashed.map_err(|error| about_password(error, "new_password"))?;
    let (keep, now) = (Some(caller.session), state.clock().now());
    let replacement = (password_hash, hash);
    let changed = users::change_password(state.store(), tenant.id(), caller.user, replacement, keep, now).await?;
    // Somebody else has changed it since it was compared.
    let revoked = changed.ok_or_else(|| sign_in::wrong_password(tenant, caller.user))?;
    publish::revoked(&state, tenant.id(), caller.user, &revoked);
    tracing::info!(tenant = %tenant.id(), user = %caller.user, "changed the password");
    Ok(Body(Done::new("The password was changed; every other device was signed out")))
}
