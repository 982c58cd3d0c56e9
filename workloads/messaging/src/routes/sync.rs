//! `/v1/sync`: what changed in all conversations of the caller since a cursor.

use axum::Json as Body;
use axum::extract::State;
use confab_chassis::http::{Caller, Query, page};
use confab_contract::ApiError;
use confab_contract::envelope::Reply;
use confab_contract::rest::sync::{ChangedConversation, SyncPage};
use confab_identity::cursor;
use confab_store::changes::{self, SyncRows, SyncedConversation};
use garde::Validate;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::refusal::Answer;
use crate::state::MessagingState;
use crate::view;

/// Catching up.
pub(crate) fn router() -> OpenApiRouter<MessagingState> {
    OpenApiRouter::default().routes(routes!(sync))
}

/// Since when, and how much.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SyncQuery {
    /// `next_cursor` of an earlier reply, or the cursor of a WebSocket frame. Absent: from the beginning.
    #[garde(inner(length(min = 1, max = 2048)))]
    #[param(max_length = 2048)]
    since: Option<String>,
    /// Conversations at most.
    #[serde(default = "page::default_limit", deserialize_with = "page::limit")]
    #[garde(skip)]
    #[param(required = false, default = 50, minimum = 1, maximum = 100, example = 50)]
    limit: u32,
}

/// Catch up
///
/// What changed since a cursor: new events, and the caller's own state on other devices (pin, mute, read, deleted for
/// me). Without a cursor: all conversations, without their events. Repeat with `next_cursor` while `has_more`. One answer
/// has about 4 MiB of events at most; where some were left out, `events_truncated` says so.
#[utoipa::path(get, path = "/v1/sync", tag = "timeline", params(SyncQuery), responses(
    (status = 200, description = "What changed", body = Reply<SyncPage>),
))]
async fn sync(
    State(state): State<MessagingState>,
    caller: Caller,
    Query(query): Query<SyncQuery>,
) -> Answer<Body<Reply<SyncPage>>> {
    let (key, tenant, user) = (state.master_key(), caller.tenant.id(), caller.user);
    let foreign = || ApiError::invalid("since", "Is not a cursor of yours; leave it out to begin anew");
    let since = match &query.since {
        Some(text) => Some(cursor::decode(key, tenant, user, text).ok_or_else(foreign)?),
        None => None,
    };
    let now = state.clock().now();
    let rows = changes::sync(state.store(), tenant, user, since.as_ref(), query.limit, now).await?;
    let next_cursor = cursor::encode(key, tenant, user, &rows.position);
    Ok(Body(Reply::new(shown(rows, next_cursor, &caller))))
}

fn shown(rows: SyncRows, next_cursor: String, caller: &Caller) -> SyncPage {
    let conversations = rows.changed.into_iter().map(|changed| {
        let SyncedConversation { conversation, events, events_truncated, hidden, hidden_truncated } = changed;
        let conversation = view::conversation(conversation, caller.user, caller.tenant.config.encryption);
        ChangedConversation { conversation, events, events_truncated, hidden_message_ids: hidden, hidden_truncated }
    });
    SyncPage { conversations: conversations.collect(), left: rows.left, has_more: rows.has_more, next_cursor }
}
