//! `/v1/conversations/{conversation_id}/events`: the timeline itself, as the WebSocket pushes it.

use axum::Json as Body;
use axum::extract::State;
use confab_chassis::http::{Caller, Path, Query, page};
use confab_contract::ConversationId;
use confab_contract::envelope::Reply;
use confab_contract::rest::messages::EventPage;
use confab_store::timeline;
use garde::Validate;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::conversations::no_such;
use crate::document::errors::NotFound;
use crate::refusal::Answer;
use crate::state::MessagingState;

/// The timeline of a conversation.
pub(crate) fn router() -> OpenApiRouter<MessagingState> {
    OpenApiRouter::default().routes(routes!(events))
}

/// The greatest `seq` that every JSON reader keeps exactly (2^53 - 1).
const GREATEST_SEQ: u64 = 9_007_199_254_740_991;

/// Which page of events.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EventsQuery {
    /// Events with a greater `seq`.
    #[serde(default)]
    #[garde(range(max = GREATEST_SEQ))]
    #[param(default = 0, minimum = 0, maximum = 9_007_199_254_740_991_u64, example = 0)]
    after: u64,
    /// Events at most.
    #[serde(default = "page::default_limit", deserialize_with = "page::limit")]
    #[garde(skip)]
    #[param(required = false, default = 50, minimum = 1, maximum = 100, example = 50)]
    limit: u32,
}

/// Read the timeline
///
/// Messages, edits, deletions, reactions and membership changes in the order of `seq`, which is dense and the same for
/// every reader. Members who joined later see it from their joining on. That includes later edits of earlier messages,
/// with the new content: an edit says it anew, to all who are there. Pages are found by cursor (`has_more`, `next_after`).
#[utoipa::path(get, path = "/v1/conversations/{conversation_id}/events", operation_id = "list_events", tag = "timeline",
    params(("conversation_id" = ConversationId, Path, description = "The conversation"), EventsQuery),
    responses((status = 200, description = "A page of events", body = Reply<EventPage>), NotFound),
)]
async fn events(
    State(state): State<MessagingState>,
    caller: Caller,
    Path(conversation): Path<ConversationId>,
    Query(query): Query<EventsQuery>,
) -> Answer<Body<Reply<EventPage>>> {
    let tenant = caller.tenant.id();
    let page = timeline::page(state.store(), tenant, caller.user, conversation, query.after, query.limit).await?;
    Ok(Body(Reply::new(page.ok_or_else(no_such)?)))
}
