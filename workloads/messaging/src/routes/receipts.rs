//! `/v1/conversations/{conversation_id}/read`: how far the caller has read.

use axum::Json as Body;
use axum::extract::State;
use confab_chassis::http::{Caller, Json, Path};
use confab_contract::ConversationId;
use confab_contract::envelope::Done;
use confab_contract::rest::messages::MarkReadRequest;
use confab_store::receipts;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::document::errors::NotFound;
use crate::publish;
use crate::refusal::{Answer, about_message};
use crate::state::MessagingState;

/// Read receipts.
pub(crate) fn router() -> OpenApiRouter<MessagingState> {
    OpenApiRouter::default().routes(routes!(mark_read))
}

/// Mark as read
///
/// Moves the caller's watermark to this message: all before it count as read too. It never goes back.
#[utoipa::path(post, path = "/v1/conversations/{conversation_id}/read", operation_id = "mark_read", tag = "messages",
    params(("conversation_id" = ConversationId, Path, description = "The conversation")),
    request_body = MarkReadRequest,
    responses((status = 200, description = "They are read", body = Done), NotFound),
)]
async fn mark_read(
    State(state): State<MessagingState>,
    caller: Caller,
    Path(conversation): Path<ConversationId>,
    Json(request): Json<MarkReadRequest>,
) -> Answer<Body<Done>> {
    let (tenant, now) = (caller.tenant.id(), state.clock().now());
    let moved = receipts::mark_read(state.store(), tenant, caller.user, conversation, request.message_id, now).await;
    if let Some(advanced) = moved.map_err(|error| about_message(error, "message_id"))? {
        publish::read(&state, advanced);
    }
    Ok(Body(Done::new("Messages marked as read")))
}
