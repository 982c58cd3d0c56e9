//! `/v1/conversations`: list, make, read, rename, pin, mute.

use std::collections::BTreeSet;

use axum::Json as Body;
use axum::extract::State;
use axum::http::StatusCode;
use confab_chassis::http::{Caller, Json, JsonOrDefault, PageQuery, Path, Query};
use confab_contract::envelope::{Done, Page, Pagination, Reply};
use confab_contract::rest::conversations::{
    Conversation, ConversationList, ConversationType, CreateConversationRequest, MuteRequest, UpdateConversationRequest,
};
use confab_contract::{ApiError, ConversationId, UserId};
use confab_store::conversations::{self, GroupPatch, NewGroup};
use confab_store::members::{self, Mute};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::document::errors::{Conflict, Forbidden, NotFound};
use crate::refusal::{Answer, about_people};
use crate::state::MessagingState;
use crate::{publish, view};

/// Conversations of the caller.
pub(crate) fn router() -> OpenApiRouter<MessagingState> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(get, update))
        .routes(routes!(pin, unpin))
        .routes(routes!(mute, unmute))
}

/// List conversations
///
/// Pinned ones first, then by the newest event. Each shows its first 20 participants.
#[utoipa::path(get, path = "/v1/conversations", operation_id = "list_conversations", tag = "conversations",
    params(PageQuery),
    responses((status = 200, description = "A page of conversations", body = Page<ConversationList>)),
)]
async fn list(
    State(state): State<MessagingState>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Answer<Body<Page<ConversationList>>> {
    let (tenant, now) = (&caller.tenant, state.clock().now());
    let (rows, total) =
        conversations::list(state.store(), tenant.id(), caller.user, page.limit, page.offset, now).await?;
    let shown = |row| view::conversation(row, caller.user, tenant.config.encryption);
    let conversations = rows.into_iter().map(shown).collect();
    Ok(Body(Page::new(ConversationList { conversations, total }, Pagination::new(page.limit, page.offset, total))))
}

/// Begin a conversation
///
/// A `direct` one takes `participant_id` and exists once for each pair of people: who asks again gets the same with 200.
/// A `group` takes `name` and `participant_ids`; the caller becomes its owner.
#[utoipa::path(post, path = "/v1/conversations", operation_id = "create_conversation", tag = "conversations",
    request_body = CreateConversationRequest,
    responses(
        (status = 201, description = "The conversation was made", body = Reply<Conversation>),
        (status = 200, description = "The direct conversation existed", body = Reply<Conversation>),
        Forbidden, NotFound, Conflict,
    ),
)]
async fn create(
    State(state): State<MessagingState>,
    caller: Caller,
    Json(request): Json<CreateConversationRequest>,
) -> Answer<(StatusCode, Body<Reply<Conversation>>)> {
    let (store, tenant, now) = (state.store(), caller.tenant.id(), state.clock().now());
    let created = match Beginning::of(request, caller.user)? {
        Beginning::Direct { other } => conversations::create_direct(store, tenant, caller.user, other, now)
            .await
            .map_err(|error| about_people(error, "participant_id"))?,
        Beginning::Group { name, avatar_url, members } => {
            let most_members = caller.tenant.limits().group_members;
            let id = ConversationId::generate();
            let group = NewGroup { id, owner: caller.user, name, avatar_url, members, most_members };
            let created = conversations::create_group(store, tenant, group, now).await;
            created.map_err(|error| about_people(error, "participant_ids"))?
        }
    };
    if let Some(committed) = created.committed {
        publish::committed(&state, tenant, committed);
    }
    let status = if created.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, read(&state, &caller, created.id).await?))
}

/// What a request to begin a conversation asks for, once its fields are known to fit together.
#[derive(Debug, PartialEq, Eq)]
enum Beginning {
    Direct { other: UserId },
    Group { name: String, avatar_url: Option<String>, members: Vec<UserId> },
}

impl Beginning {
    fn of(request: CreateConversationRequest, caller: UserId) -> Result<Self, ApiError> {
        match request.kind {
            ConversationType::Direct => Self::direct(&request, caller),
            ConversationType::Group => Self::group(request, caller),
        }
    }

    fn direct(request: &CreateConversationRequest, caller: UserId) -> Result<Self, ApiError> {
        let superfluous = [
            ("participant_ids", request.participant_ids.is_some()),
            ("name", request.name.is_some()),
            ("avatar_url", request.avatar_url.is_some()),
        ];
        if let Some((field, _)) = superfluous.into_iter().find(|(_, given)| *given) {
            return Err(ApiError::invalid(field, "Belongs to groups only"));
        }
        let other = request.participant_id;
        let other = other.ok_or_else(|| ApiError::invalid("participant_id", "Is needed for a direct conversation"))?;
        if other == caller {
            return Err(ApiError::invalid("participant_id", "Must not name yourself"));
        }
        Ok(Self::Direct { other })
    }

    fn group(request: CreateConversationRequest, caller: UserId) -> Result<Self, ApiError> {
        if request.participant_id.is_some() {
            return Err(ApiError::invalid("participant_id", "Belongs to direct conversations only"));
        }
        let name = request.name.ok_or_else(|| ApiError::invalid("name", "Is needed for a group"))?;
        let named = request.participant_ids;
        let named =
            named.ok_or_else(|| ApiError::invalid("participant_ids", "Is needed for a group; it may be empty"))?;
        if named.contains(&caller) {
            return Err(ApiError::invalid("participant_ids", "Must not name yourself; you are a member anyway"));
        }
        let mut seen = BTreeSet::new();
        let members = named.into_iter().filter(|id| seen.insert(*id)).collect();
        Ok(Self::Group { name, avatar_url: request.avatar_url, members })
    }
}

/// Read a conversation
///
/// With all its participants, as the caller sees it.
#[utoipa::path(get, path = "/v1/conversations/{conversation_id}", operation_id = "get_conversation",
    tag = "conversations", params(("conversation_id" = ConversationId, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation", body = Reply<Conversation>), NotFound),
)]
async fn get(
    State(state): State<MessagingState>,
    caller: Caller,
    Path(conversation): Path<ConversationId>,
) -> Answer<Body<Reply<Conversation>>> {
    read(&state, &caller, conversation).await
}

async fn read(state: &MessagingState, caller: &Caller, id: ConversationId) -> Answer<Body<Reply<Conversation>>> {
    let tenant = &caller.tenant;
    let row = conversations::get(state.store(), tenant.id(), caller.user, id, state.clock().now()).await?;
    let row = row.ok_or_else(no_such)?;
    Ok(Body(Reply::new(view::conversation(row, caller.user, tenant.config.encryption))))
}

/// Rename a group
///
/// Changes the name or the picture of a group. Admins and the owner may.
#[utoipa::path(put, path = "/v1/conversations/{conversation_id}", operation_id = "update_conversation",
    tag = "conversations", params(("conversation_id" = ConversationId, Path, description = "The conversation")),
    request_body = UpdateConversationRequest,
    responses(
        (status = 200, description = "The conversation as it is now", body = Reply<Conversation>),
        Forbidden, NotFound, Conflict,
    ),
)]
async fn update(
    State(state): State<MessagingState>,
    caller: Caller,
    Path(conversation): Path<ConversationId>,
    Json(request): Json<UpdateConversationRequest>,
) -> Answer<Body<Reply<Conversation>>> {
    let UpdateConversationRequest { name, avatar_url } = request;
    if name.is_none() && avatar_url.is_none() {
        return Err(ApiError::invalid("name", "Give a name, a picture, or both").into());
    }
    let (tenant, now) = (caller.tenant.id(), state.clock().now());
    let patch = GroupPatch { name, avatar_url };
    let committed = conversations::update(state.store(), tenant, caller.user, conversation, patch, now).await?;
    publish::committed(&state, tenant, committed);
    read(&state, &caller, conversation).await
}

/// Pin a conversation
///
/// Shows it before the others, for the caller alone.
#[utoipa::path(put, path = "/v1/conversations/{conversation_id}/pin", operation_id = "pin_conversation",
    tag = "conversations", params(("conversation_id" = ConversationId, Path, description = "The conversation")),
    responses((status = 200, description = "It is pinned", body = Done), NotFound),
)]
async fn pin(
    State(state): State<MessagingState>,
    caller: Caller,
    Path(conversation): Path<ConversationId>,
) -> Answer<Body<Done>> {
    set_pinned(&state, &caller, conversation, true).await?;
    Ok(Body(Done::new("Conversation pinned successfully")))
}

/// Unpin a conversation
#[utoipa::path(delete, path = "/v1/conversations/{conversation_id}/pin", operation_id = "unpin_conversation",
    tag = "conversations", params(("conversation_id" = ConversationId, Path, description = "The conversation")),
    responses((status = 200, description = "It is not pinned", body = Done), NotFound),
)]
async fn unpin(
    State(state): State<MessagingState>,
    caller: Caller,
    Path(conversation): Path<ConversationId>,
) -> Answer<Body<Done>> {
    set_pinned(&state, &caller, conversation, false).await?;
    Ok(Body(Done::new("Conversation unpinned successfully")))
}

async fn set_pinned(state: &MessagingState, caller: &Caller, id: ConversationId, pinned: bool) -> Answer<()> {
    let is_member = members::set_pinned(state.store(), caller.tenant.id(), caller.user, id, pinned).await?;
    if is_member { Ok(()) } else { Err(no_such().into()) }
}

/// Mute a conversation
///
/// For the caller alone; until a time, or for ever when `until` or the whole body is absent.
#[utoipa::path(put, path = "/v1/conversations/{conversation_id}/mute", operation_id = "mute_conversation",
    tag = "conversations", params(("conversation_id" = ConversationId, Path, description = "The conversation")),
    request_body = Option<MuteRequest>,
    responses((status = 200, description = "It is muted", body = Done), NotFound),
)]
async fn mute(
    State(state): State<MessagingState>,
    caller: Caller,
    Path(conversation): Path<ConversationId>,
    JsonOrDefault(request): JsonOrDefault<MuteRequest>,
) -> Answer<Body<Done>> {
    let mute = match request.until {
        None => Mute::Forever,
        Some(until) if until > state.clock().now() => Mute::Until(until),
        Some(_) => return Err(ApiError::invalid("until", "Must lie in the future").into()),
    };
    set_muted(&state, &caller, conversation, mute).await?;
    Ok(Body(Done::new("Conversation muted successfully")))
}

/// Unmute a conversation
#[utoipa::path(delete, path = "/v1/conversations/{conversation_id}/mute", operation_id = "unmute_conversation",
    tag = "conversations", params(("conversation_id" = ConversationId, Path, description = "The conversation")),
    responses((status = 200, description = "It is not muted", body = Done), NotFound),
)]
async fn unmute(
    State(state): State<MessagingState>,
    caller: Caller,
    Path(conversation): Path<ConversationId>,
) -> Answer<Body<Done>> {
    set_muted(&state, &caller, conversation, Mute::Off).await?;
    Ok(Body(Done::new("Conversation unmuted successfully")))
}

async fn set_muted(state: &MessagingState, caller: &Caller, id: ConversationId, mute: Mute) -> Answer<()> {
    let is_member = members::set_muted(state.store(), caller.tenant.id(), caller.user, id, mute).await?;
    if is_member { Ok(()) } else { Err(no_such().into()) }
}

/// What everybody hears who is no member, whether the conversation exists or not.
pub(crate) fn no_such() -> ApiError {
    ApiError::not_found("conversation")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn beginning(request: serde_json::Value, caller: UserId) -> Result<Beginning, String> {
        let request = serde_json::from_value(request).expect("well-formed");
        Beginning::of(request, caller).map_err(|error| error.details.into_keys().collect())
    }

    #[test]
    fn a_direct_conversation_names_exactly_one_other_person() {
        let (me, other) = (UserId::generate(), UserId::generate());
        let begun = beginning(json!({"type": "direct", "participant_id": other}), me);
        assert_eq!(begun, Ok(Beginning::Direct { other }));
        let field = |request| beginning(request, me).expect_err("refused");
        assert_eq!(field(json!({"type": "direct"})), "participant_id");
        assert_eq!(field(json!({"type": "direct", "participant_id": me})), "participant_id");
        assert_eq!(field(json!({"type": "direct", "participant_id": other, "name": "x"})), "name");
        assert_eq!(field(json!({"type": "direct", "participant_id": other, "participant_ids": []})), "participant_ids");
    }

    #[test]
    fn a_group_has_a_name_and_counts_each_person_once() {
        let (me, other) = (UserId::generate(), UserId::generate());
        let begun = beginning(json!({"type": "group", "name": "Team", "participant_ids": [other, other]}), me);
        assert_eq!(begun, Ok(Beginning::Group { name: "Team".to_owned(), avatar_url: None, members: vec![other] }));
        let field = |request| beginning(request, me).expect_err("refused");
        assert_eq!(field(json!({"type": "group", "participant_ids": [other]})), "name");
        assert_eq!(field(json!({"type": "group", "name": "Team"})), "participant_ids");
        assert_eq!(field(json!({"type": "group", "name": "Team", "participant_ids": [me]})), "participant_ids");
        assert_eq!(field(json!({"type": "group", "name": "Team", "participant_id": other})), "participant_id");
    }
}
