//! `/v1/auth/…`: register, sign in, refresh, sign out.

use axum::Json as Body;
use axum::extract::State;
use axum::http::StatusCode;
use confab_chassis::http::{Caller, ClientAddress, CurrentTenant, Json};
use confab_contract::config::tenant::Registration;
use confab_contract::envelope::{Done, Reply};
use confab_contract::rest::auth::{LoggedIn, LoginRequest, RefreshRequest, Refreshed, RegisterRequest, Registered};
use confab_contract::{ApiError, UserId};
use confab_store::users::{NewUser, User};
use confab_store::{sessions, users};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::document::errors::{Conflict, Forbidden, Unauthenticated};
use crate::limits::Stranger;
use crate::password::Owner;
use crate::refusal::{Answer, about_password};
use crate::state::MessagingState;
use crate::{limits, publish, sign_in};

/// Routes of somebody without an access token.
pub(crate) fn strangers() -> OpenApiRouter<MessagingState> {
    OpenApiRouter::default().routes(routes!(register)).routes(routes!(login)).routes(routes!(refresh))
}

/// Signing out, which takes an access token.
pub(crate) fn signed_in() -> OpenApiRouter<MessagingState> {
    OpenApiRouter::default().routes(routes!(logout))
}

/// Register
///
/// Makes an account. Common and guessable passwords are refused.
#[utoipa::path(post, path = "/v1/auth/register", tag = "auth", request_body = RegisterRequest, responses(
    (status = 201, description = "The account was made", body = Reply<Registered>),
    Forbidden, Conflict,
))]
async fn register(
    State(state): State<MessagingState>,
    Stranger { tenant, origin }: Stranger,
    Json(request): Json<RegisterRequest>,
) -> Answer<(StatusCode, Body<Reply<Registered>>)> {
    if tenant.auth().registration == Registration::Closed {
        return Err(ApiError::forbidden("Accounts are not made here; ask the administrator").into());
    }
    // Hashed before anybody looks whether the account exists, so that both answers take the same time.
    let owner = owner(&request.email, &request.username, request.full_name.clone(), &tenant.config.domain);
    let hashed = state.hasher().hash_new(request.password.clone(), owner).await;
    let password_hash = hashed.map_err(|error| about_password(error, "password"))?;
    let RegisterRequest { email, username, full_name, phone, .. } = request;
    let new = NewUser { id: UserId::generate(), email, username, full_name, phone, password_hash };
    let user = users::insert(state.store(), tenant.id(), new, state.clock().now()).await?;
    tracing::info!(tenant = %tenant.id(), user = %user.id, address = %origin.address, "registered");
    let message = "User registered successfully. Please verify your email.";
    Ok((StatusCode::CREATED, Body(Reply::with_message(registered(user), message))))
}

pub(crate) fn owner(email: &str, username: &str, full_name: Option<String>, domain: &str) -> Owner {
    Owner { email: email.to_owned(), username: username.to_owned(), full_name, domain: domain.to_owned() }
}

fn registered(user: User) -> Registered {
    Registered { user_id: user.id, email: user.email, username: user.username, created_at: user.created_at }
}

/// Sign in
///
/// Opens a session and answers with its first tokens. An unknown account and a wrong password get the same answer.
/// A session that the same `device_id` opened before is replaced.
#[utoipa::path(post, path = "/v1/auth/login", tag = "auth", request_body = LoginRequest, responses(
    (status = 200, description = "Signed in", body = Reply<LoggedIn>),
    Unauthenticated, Forbidden,
))]
async fn login(
    State(state): State<MessagingState>,
    Stranger { tenant, origin }: Stranger,
    Json(request): Json<LoginRequest>,
) -> Answer<Body<Reply<LoggedIn>>> {
    let logged_in = sign_in::sign_in(&state, &tenant, request, origin).await?;
    Ok(Body(Reply::new(logged_in)))
}

/// Refresh the tokens
///
/// A refresh token works once and is replaced by the one in the reply. When the reply was lost, the same token may be
/// shown again within ten seconds and gets the same successor. A token that is used later than that was stolen: its
/// whole session is revoked.
#[utoipa::path(post, path = "/v1/auth/refresh", tag = "auth", request_body = RefreshRequest, responses(
    (status = 200, description = "The next tokens", body = Reply<Refreshed>),
    Unauthenticated,
))]
async fn refresh(
    State(state): State<MessagingState>,
    CurrentTenant(tenant): CurrentTenant,
    address: ClientAddress,
    Json(request): Json<RefreshRequest>,
) -> Answer<Body<Reply<Refreshed>>> {
    let refreshed = sign_in::refresh(&state, &tenant, &request.refresh_token, address).await?;
    Ok(Body(Reply::new(refreshed)))
}

/// Sign out
///
/// Ends the session of the bearer token, on HTTP and WebSocket.
#[utoipa::path(post, path = "/v1/auth/logout", tag = "auth", responses(
    (status = 200, description = "Signed out", body = Done),
))]
async fn logout(State(state): State<MessagingState>, caller: Caller) -> Answer<Body<Done>> {
    limits::count_person(&state, &caller).await?;
    let tenant = caller.tenant.id();
    sessions::revoke(state.store(), tenant, caller.user, caller.session, state.clock().now()).await?;
    publish::revoked(&state, tenant, caller.user, &[caller.session]);
    tracing::info!(%tenant, user = %caller.user, session = %caller.session, "signed out");
    Ok(Body(Done::new("Logged out successfully")))
}
