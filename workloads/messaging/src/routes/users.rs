//! `/v1/users/…`: profiles and search.

use axum::Json as Body;
use axum::extract::State;
use confab_chassis::http::{Caller, Json, Path, Query, page};
use confab_contract::envelope::{Page, Pagination, Reply};
use confab_contract::rest::users::{PresenceStatus, Profile, UpdateProfileRequest, UpdatedProfile, UserSearch};
use confab_contract::{ApiError, UserId, limit};
use confab_store::users::{ProfilePatch, User};
use confab_store::{presence, users};
use garde::Validate;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::document::errors::NotFound;
use crate::refusal::Answer;
use crate::state::MessagingState;
use crate::{publish, view};

/// Profiles and search.
pub(crate) fn router() -> OpenApiRouter<MessagingState> {
    OpenApiRouter::default()
        .routes(routes!(own_profile, update_profile))
        .routes(routes!(search))
        .routes(routes!(profile))
}

/// Parameters of a search.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SearchQuery {
    /// Part of a username or full name in any case, or a whole e-mail address.
    #[garde(length(chars, min = 1, max = limit::QUERY_CHARS), custom(confab_contract::validate::visible_text))]
    #[param(example = "jane", min_length = 1, max_length = 100, pattern = r"[^\s\x00-\x1f\x7f-\x9f]")]
    q: String,
    /// Entries at most.
    #[serde(default = "search_limit", deserialize_with = "page::limit")]
    #[garde(skip)]
    #[param(required = false, default = 20, minimum = 1, maximum = 100, example = 20)]
    limit: u32,
    /// Entries to pass over.
    #[serde(default, deserialize_with = "page::offset")]
    #[garde(skip)]
    #[param(required = false, default = 0, minimum = 0, maximum = 100_000, example = 0)]
    offset: u32,
}

/// Entries of a search when the request names no limit, as the specification shows it.
fn search_limit() -> u32 {
    20
}

/// Read the own profile
///
/// The caller's own profile, with everything in it.
#[utoipa::path(get, path = "/v1/users/me", tag = "users", responses(
    (status = 200, description = "The profile", body = Reply<Profile>),
))]
async fn own_profile(State(state): State<MessagingState>, caller: Caller) -> Answer<Body<Reply<Profile>>> {
    read_profile(&state, &caller, caller.user).await
}

/// Read a profile
///
/// E-mail address, telephone number and availability are shown to people who share a conversation with the person.
#[utoipa::path(get, path = "/v1/users/{user_id}", tag = "users",
    params(("user_id" = UserId, Path, description = "The account")),
    responses((status = 200, description = "The profile", body = Reply<Profile>), NotFound),
)]
async fn profile(
    State(state): State<MessagingState>,
    caller: Caller,
    Path(user): Path<UserId>,
) -> Answer<Body<Reply<Profile>>> {
    read_profile(&state, &caller, user).await
}

async fn read_profile(state: &MessagingState, caller: &Caller, user: UserId) -> Answer<Body<Reply<Profile>>> {
    let (store, tenant) = (state.store(), caller.tenant.id());
    let found = users::get(store, tenant, user).await?.ok_or_else(|| ApiError::not_found("user"))?;
    let is_acquainted = users::visible_to(store, tenant, caller.user, &[user]).await?.contains(&user);
    let presence = presence::get(store, tenant, &[user], state.clock().now()).await?.pop();
    Ok(Body(Reply::new(view::profile(found, is_acquainted, presence))))
}

/// Change the own profile
///
/// A field that is absent stays as it is; one that is `null` is cleared.
#[utoipa::path(put, path = "/v1/users/me", tag = "users", request_body = UpdateProfileRequest, responses(
    (status = 200, description = "The profile as it is now", body = Reply<UpdatedProfile>),
))]
async fn update_profile(
    State(state): State<MessagingState>,
    caller: Caller,
    Json(request): Json<UpdateProfileRequest>,
) -> Answer<Body<Reply<UpdatedProfile>>> {
    let UpdateProfileRequest { full_name, bio, avatar_url, status_message, phone } = request;
    let is_news = status_message.is_some();
    let patch = ProfilePatch { full_name, bio, avatar_url, status_message, phone };
    let user = users::update(state.store(), caller.tenant.id(), caller.user, patch, state.clock().now()).await?;
    let user = user.ok_or_else(|| ApiError::not_found("user"))?;
    if is_news {
        tell_watchers(&state, &caller).await?;
    }
    Ok(Body(Reply::new(view::updated_profile(user))))
}

/// Those who watch the caller's availability see the status message beside it.
async fn tell_watchers(state: &MessagingState, caller: &Caller) -> Answer<()> {
    let tenant = caller.tenant.id();
    let rows = presence::get(state.store(), tenant, &[caller.user], state.clock().now()).await?;
    for row in rows {
        publish::availability(state, tenant, row);
    }
    Ok(())
}

/// Search for people
///
/// By part of a username or full name in any case, or by a whole e-mail address. Suspended accounts are left out.
#[utoipa::path(get, path = "/v1/users/search", tag = "users", params(SearchQuery), responses(
    (status = 200, description = "A page of hits", body = Page<UserSearch>),
))]
async fn search(
    State(state): State<MessagingState>,
    caller: Caller,
    Query(query): Query<SearchQuery>,
) -> Answer<Body<Page<UserSearch>>> {
    let SearchQuery { q, limit, offset } = query;
    let (found, total) = users::search(state.store(), caller.tenant.id(), &q, limit, offset).await?;
    let statuses = statuses(&state, &caller, &found).await?;
    let shown = |user: User| {
        let status =
            statuses.iter().find(|(id, _)| *id == user.id).map_or(PresenceStatus::Offline, |(_, status)| *status);
        view::found_user(user, status)
    };
    let users = found.into_iter().map(shown).collect();
    let pagination = Pagination::new(limit, offset, total);
    Ok(Body(Page::new(UserSearch { users, total, limit, offset }, pagination)))
}

/// The availability of those whom the caller may see.
async fn statuses(state: &MessagingState, caller: &Caller, users: &[User]) -> Answer<Vec<(UserId, PresenceStatus)>> {
    let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
    let visible = users::visible_to(state.store(), caller.tenant.id(), caller.user, &ids).await?;
    let visible: Vec<UserId> = visible.into_iter().collect();
    let rows = presence::get(state.store(), caller.tenant.id(), &visible, state.clock().now()).await?;
    Ok(rows.into_iter().map(|row| (row.user, row.status)).collect())
}
