//! `/v1/conversations/{conversation_id}/members`: who belongs to a group, and as what.

use std::collections::BTreeSet;

use axum::Json as Body;
use axum::extract::State;
use confab_chassis::http::{Caller, Json, PageQuery, Path, Query};
use confab_contract::envelope::{Done, Page, Pagination};
use confab_contract::rest::members::{AddMembersRequest, ChangeRoleRequest, MemberList};
use confab_contract::{ConversationId, UserId};
use confab_store::members;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::conversations::no_such;
use crate::document::errors::{Conflict, Forbidden, NotFound};
use crate::publish;
use crate::refusal::{Answer, about_people};
use crate::state::MessagingState;

/// Members of a conversation.
pub(crate) fn router() -> OpenApiRouter<MessagingState> {
    OpenApiRouter::default().routes(routes!(list, add)).routes(routes!(change_role, remove)).routes(routes!(leave))
}

/// List members
///
/// In the order in which they joined, with their watermarks.
#[utoipa::path(get, path = "/v1/conversations/{conversation_id}/members", operation_id = "list_members", tag = "members",
    params(("conversation_id" = ConversationId, Path, description = "The conversation"), PageQuery),
    responses((status = 200, description = "A page of members", body = Page<MemberList>), NotFound),
)]
async fn list(
    State(state): State<MessagingState>,
    caller: Caller,
    Path(conversation): Path<ConversationId>,
    Query(page): Query<PageQuery>,
) -> Answer<Body<Page<MemberList>>> {
    let found =
        members::list(state.store(), caller.tenant.id(), caller.user, conversation, page.limit, page.offset).await?;
    let (members, total) = found.ok_or_else(no_such)?;
    Ok(Body(Page::new(MemberList { members, total }, Pagination::new(page.limit, page.offset, total))))
}

/// Add members
///
/// Admins and the owner of a group may. Those who are members already are passed over. Who joins sees what happens from
/// then on.
#[utoipa::path(post, path = "/v1/conversations/{conversation_id}/members", operation_id = "add_members", tag = "members",
    params(("conversation_id" = ConversationId, Path, description = "The conversation")),
    request_body = AddMembersRequest,
    responses((status = 200, description = "All of them are members", body = Done), Forbidden, NotFound, Conflict),
)]
async fn add(
    State(state): State<MessagingState>,
    caller: Caller,
    Path(conversation): Path<ConversationId>,
    Json(request): Json<AddMembersRequest>,
) -> Answer<Body<Done>> {
    let mut seen = BTreeSet::new();
    let users: Vec<UserId> = request.user_ids.into_iter().filter(|id| seen.insert(*id)).collect();
    let (tenant, now) = (&caller.tenant, state.clock().now());
    let most = tenant.limits().group_members;
    let added = members::add(state.store(), tenant.id(), caller.user, conversation, &users, most, now).await;
    if let Some(committed) = added.map_err(|error| about_people(error, "user_ids"))? {
        publish::committed(&state, tenant.id(), committed);
    }
    Ok(Body(Done::new("Members added successfully")))
}

/// Change a member's role
///
/// The owner may. `owner` hands ownership on; the caller becomes an admin.
#[utoipa::path(put, path = "/v1/conversations/{conversation_id}/members/{user_id}", operation_id = "change_role",
    tag = "members",
    params(
        ("conversation_id" = ConversationId, Path, description = "The conversation"),
        ("user_id" = UserId, Path, description = "The member"),
    ),
    request_body = ChangeRoleRequest,
    responses((status = 200, description = "The member has this role", body = Done), Forbidden, NotFound, Conflict),
)]
async fn change_role(
    State(state): State<MessagingState>,
    caller: Caller,
    Path((conversation, user)): Path<(ConversationId, UserId)>,
    Json(request): Json<ChangeRoleRequest>,
) -> Answer<Body<Done>> {
    let (tenant, now) = (caller.tenant.id(), state.clock().now());
    let changed =
        members::change_role(state.store(), tenant, caller.user, conversation, user, request.role, now).await?;
    if let Some(committed) = changed {
        publish::committed(&state, tenant, committed);
    }
    Ok(Body(Done::new("Role changed successfully")))
}

/// Remove a member
///
/// Admins and the owner of a group may; the owner cannot be removed. Whoever is removed sees nothing of the conversation
/// any more.
#[utoipa::path(delete, path = "/v1/conversations/{conversation_id}/members/{user_id}", operation_id = "remove_member",
    tag = "members",
    params(
        ("conversation_id" = ConversationId, Path, description = "The conversation"),
        ("user_id" = UserId, Path, description = "The member"),
    ),
    responses((status = 200, description = "The member is gone", body = Done), Forbidden, NotFound, Conflict),
)]
async fn remove(
    State(state): State<MessagingState>,
    caller: Caller,
    Path((conversation, user)): Path<(ConversationId, UserId)>,
) -> Answer<Body<Done>> {
    let (tenant, now) = (caller.tenant.id(), state.clock().now());
    let committed = members::remove(state.store(), tenant, caller.user, conversation, user, now).await?;
    publish::committed(&state, tenant, committed);
    Ok(Body(Done::new("Member removed successfully")))
}

/// Leave a group
///
/// When the owner leaves, the eldest admin becomes the owner, or the eldest member where there is no admin.
#[utoipa::path(post, path = "/v1/conversations/{conversation_id}/leave", operation_id = "leave_conversation",
    tag = "members", params(("conversation_id" = ConversationId, Path, description = "The conversation")),
    responses((status = 200, description = "The caller is no longer a member", body = Done), NotFound, Conflict),
)]
async fn leave(
    State(state): State<MessagingState>,
    caller: Caller,
    Path(conversation): Path<ConversationId>,
) -> Answer<Body<Done>> {
    let (tenant, now) = (caller.tenant.id(), state.clock().now());
    let committed = members::leave(state.store(), tenant, caller.user, conversation, now).await?;
    publish::committed(&state, tenant, committed);
    Ok(Body(Done::new("Conversation left successfully")))
}
