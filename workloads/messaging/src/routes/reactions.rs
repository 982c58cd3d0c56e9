//! `/v1/messages/{message_id}/reactions`: an emoji on a message.

use axum::Json as Body;
use axum::extract::State;
use confab_chassis::http::{Caller, Json, Path};
use confab_contract::envelope::Reply;
use confab_contract::rest::messages::{ReactRequest, ReactedMessage};
use confab_contract::validate::canonical_emoji;
use confab_contract::{ApiError, MessageId};
use confab_store::reactions;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::document::errors::{Conflict, Forbidden, NotFound};
use crate::publish;
use crate::refusal::Answer;
use crate::state::MessagingState;

/// Reactions to a message.
pub(crate) fn router() -> OpenApiRouter<MessagingState> {
    OpenApiRouter::default().routes(routes!(add)).routes(routes!(remove))
}

/// React to a message
///
/// Each member may react with several emoji, once with each. Both spellings of an emoji count as one.
#[utoipa::path(post, path = "/v1/messages/{message_id}/reactions", operation_id = "add_reaction", tag = "messages",
    params(("message_id" = MessageId, Path, description = "The message")),
    request_body = ReactRequest,
    responses(
        (status = 200, description = "All reactions of the message now", body = Reply<ReactedMessage>),
        Forbidden, NotFound, Conflict,
    ),
)]
async fn add(
    State(state): State<MessagingState>,
    caller: Caller,
    Path(message): Path<MessageId>,
    Json(request): Json<ReactRequest>,
) -> Answer<Body<Reply<ReactedMessage>>> {
    let no_emoji = || ApiError::invalid("emoji", "Must be exactly one emoji");
    let emoji = canonical_emoji(&request.emoji).ok_or_else(no_emoji)?;
    let (tenant, now) = (caller.tenant.id(), state.clock().now());
    let (reactions, committed) = reactions::add(state.store(), tenant, caller.user, message, emoji, now).await?;
    if let Some(committed) = committed {
        publish::committed(&state, tenant, committed);
    }
    Ok(Body(Reply::new(ReactedMessage { message_id: message, reactions })))
}

/// Take a reaction back
///
/// One's own. Taking back what is not there changes nothing.
#[utoipa::path(delete, path = "/v1/messages/{message_id}/reactions/{emoji}", operation_id = "remove_reaction",
    tag = "messages",
    params(
        ("message_id" = MessageId, Path, description = "The message"),
        ("emoji" = String, Path, description = "The emoji, percent-encoded", example = "❤️"),
    ),
    responses(
        (status = 200, description = "All reactions of the message now", body = Reply<ReactedMessage>),
        Forbidden, NotFound, Conflict,
    ),
)]
async fn remove(
    State(state): State<MessagingState>,
    caller: Caller,
    Path((message, emoji)): Path<(MessageId, String)>,
) -> Answer<Body<Reply<ReactedMessage>>> {
    let emoji = canonical_emoji(&emoji).ok_or_else(|| ApiError::not_found("emoji"))?;
    let (tenant, now) = (caller.tenant.id(), state.clock().now());
    let (reactions, committed) = reactions::remove(state.store(), tenant, caller.user, message, emoji, now).await?;
    if let Some(committed) = committed {
        publish::committed(&state, tenant, committed);
    }
    Ok(Body(Reply::new(ReactedMessage { message_id: message, reactions })))
}
