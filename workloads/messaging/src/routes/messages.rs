//! `/v1/conversations/{conversation_id}/messages` and `/v1/messages/{message_id}`.

use axum::Json as Body;
use axum::extract::State;
use axum::http::StatusCode;
use confab_chassis::http::{Caller, Json, PageQuery, Path, Query, page};
use confab_contract::envelope::{Done, Page, Pagination, Reply};
use confab_contract::rest::messages::{
    DeleteFor, EditHistory, EditMessageRequest, EditedMessage, Message, MessagePage, SendMessageRequest, SentMessage,
};
use confab_contract::{ApiError, ConversationId, MessageId};
use confab_store::messages::{self, Cursor, NewMessage};
use garde::Validate;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::document::errors::{Conflict, Forbidden, NotFound};
use crate::message_rules::{self, Sizes};
use crate::publish;
use crate::refusal::{Answer, about_message};
use crate::state::MessagingState;

/// Messages of a conversation, and single ones.
pub(crate) fn router() -> OpenApiRouter<MessagingState> {
    OpenApiRouter::default().routes(routes!(page, send)).routes(routes!(get, edit, delete)).routes(routes!(edits))
}

/// Which page of messages.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MessagesQuery {
    /// Messages before this one, the newest first.
    #[garde(skip)]
    before: Option<MessageId>,
    /// Messages after this one, the oldest first. Not together with `before`.
    #[garde(skip)]
    after: Option<MessageId>,
    /// Messages at most.
    #[serde(default = "page::default_limit", deserialize_with = "page::limit")]
    #[garde(skip)]
    #[param(required = false, default = 50, minimum = 1, maximum = 100, example = 50)]
    limit: u32,
}

/// Read messages
///
/// The newest first: without a cursor the newest ones, with `before` the ones before a message. With `after` the ones
/// after a message, the oldest first. Pages are found by cursor (`has_more`, `next_cursor`), not by offset: messages
/// arrive while one reads.
#[utoipa::path(get, path = "/v1/conversations/{conversation_id}/messages", operation_id = "list_messages",
    tag = "messages",
    params(("conversation_id" = ConversationId, Path, description = "The conversation"), MessagesQuery),
    responses((status = 200, description = "A page of messages", body = Reply<MessagePage>), NotFound),
)]
async fn page(
    State(state): State<MessagingState>,
    caller: Caller,
    Path(conversation): Path<ConversationId>,
    Query(query): Query<MessagesQuery>,
) -> Answer<Body<Reply<MessagePage>>> {
    let (cursor, field) = match (query.before, query.after) {
        (None, None) => (Cursor::Newest, "before"),
        (Some(before), None) => (Cursor::Before(before), "before"),
        (None, Some(after)) => (Cursor::After(after), "after"),
        (Some(_), Some(_)) => return Err(ApiError::invalid("after", "Give before or after, not both").into()),
    };
    let found = messages::page(state.store(), caller.tenant.id(), caller.user, conversation, cursor, query.limit).await;
    let page = found.map_err(|error| about_message(error, field))?;
    Ok(Body(Reply::new(page)))
}

/// Send a message
///
/// Answered after the message is stored for good. With a `temp_id` a send can be repeated without harm: the same body
/// gives the same message (200), another body is a conflict.
#[utoipa::path(post, path = "/v1/conversations/{conversation_id}/messages", operation_id = "send_message",
    tag = "messages",
    params(("conversation_id" = ConversationId, Path, description = "The conversation")),
    request_body = SendMessageRequest,
    responses(
        (status = 201, description = "The message is stored", body = Reply<SentMessage>),
        (status = 200, description = "The `temp_id` was known: the message that was sent under it", body = Reply<SentMessage>),
        Forbidden, NotFound, Conflict,
    ),
)]
async fn send(
    State(state): State<MessagingState>,
    caller: Caller,
    Path(conversation): Path<ConversationId>,
    Json(request): Json<SendMessageRequest>,
) -> Answer<(StatusCode, Body<Reply<SentMessage>>)> {
    message_rules::sendable(&request, Sizes::of(caller.tenant.limits()))?;
    let new = NewMessage {
        id: MessageId::generate(),
        conversation,
        sender: caller.user,
        content_encrypted: request.content_encrypted,
        message_type: request.message_type,
        metadata: request.metadata.unwrap_or_default(),
        reply_to: request.reply_to_message_id,
        temp_id: request.temp_id,
        at: state.clock().now(),
    };
    let sent = messages::send(state.store(), caller.tenant.id(), new).await?;
    let status = if sent.committed.is_some() { StatusCode::CREATED } else { StatusCode::OK };
    if let Some(committed) = sent.committed {
        publish::committed(&state, caller.tenant.id(), committed);
    }
    Ok((status, Body(Reply::new(sent.message))))
}

/// Read a message
#[utoipa::path(get, path = "/v1/messages/{message_id}", operation_id = "get_message", tag = "messages",
    params(("message_id" = MessageId, Path, description = "The message")),
    responses((status = 200, description = "The message", body = Reply<Message>), NotFound),
)]
async fn get(
    State(state): State<MessagingState>,
    caller: Caller,
    Path(message): Path<MessageId>,
) -> Answer<Body<Reply<Message>>> {
    let found = messages::get(state.store(), caller.tenant.id(), caller.user, message).await?;
    Ok(Body(Reply::new(found.ok_or_else(no_such)?)))
}

/// Edit a message
///
/// Its sender may. Earlier contents stay in the edit history, which holds 1,000 versions; then further edits are a
/// conflict.
#[utoipa::path(put, path = "/v1/messages/{message_id}", operation_id = "edit_message", tag = "messages",
    params(("message_id" = MessageId, Path, description = "The message")),
    request_body = EditMessageRequest,
    responses(
        (status = 200, description = "The message was edited", body = Reply<EditedMessage>),
        Forbidden, NotFound, Conflict,
    ),
)]
async fn edit(
    State(state): State<MessagingState>,
    caller: Caller,
    Path(message): Path<MessageId>,
    Json(request): Json<EditMessageRequest>,
) -> Answer<Body<Reply<EditedMessage>>> {
    message_rules::content_fits(&request.content_encrypted, Sizes::of(caller.tenant.limits()))?;
    let (tenant, now) = (caller.tenant.id(), state.clock().now());
    let content = request.content_encrypted;
    let (edited, committed) = messages::edit(state.store(), tenant, caller.user, message, content, now).await?;
    publish::committed(&state, tenant, committed);
    Ok(Body(Reply::new(edited)))
}

/// For whom a message is deleted.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DeleteQuery {
    /// `me`, the default, hides it from the caller on all devices; `everyone` takes its content away for all.
    #[serde(default)]
    #[garde(skip)]
    #[param(inline, required = false, example = "everyone")]
    delete_for: DeleteFor,
}

/// Delete a message
///
/// For oneself any message that one sees; for everyone one's own, or as admin or owner of a group any of it. Its place
/// in the timeline stays.
#[utoipa::path(delete, path = "/v1/messages/{message_id}", operation_id = "delete_message", tag = "messages",
    params(("message_id" = MessageId, Path, description = "The message"), DeleteQuery),
    responses((status = 200, description = "The message is deleted", body = Done), Forbidden, NotFound),
)]
async fn delete(
    State(state): State<MessagingState>,
    caller: Caller,
    Path(message): Path<MessageId>,
    Query(query): Query<DeleteQuery>,
) -> Answer<Body<Done>> {
    let (store, tenant, now) = (state.store(), caller.tenant.id(), state.clock().now());
    match query.delete_for {
        DeleteFor::Me => {
            if !messages::delete_for_me(store, tenant, caller.user, message).await? {
                return Err(no_such().into());
            }
        }
        DeleteFor::Everyone => {
            if let Some(committed) = messages::delete_for_everyone(store, tenant, caller.user, message, now).await? {
                publish::committed(&state, tenant, committed);
            }
        }
    }
    Ok(Body(Done::new("Message deleted successfully")))
}

/// Read a message's edit history
///
/// Its contents, the first first and the present one last. Empty when it was deleted for everyone.
#[utoipa::path(get, path = "/v1/messages/{message_id}/edits", operation_id = "list_edits", tag = "messages",
    params(("message_id" = MessageId, Path, description = "The message"), PageQuery),
    responses((status = 200, description = "A page of contents", body = Page<EditHistory>), NotFound),
)]
async fn edits(
    State(state): State<MessagingState>,
    caller: Caller,
    Path(message): Path<MessageId>,
    Query(page): Query<PageQuery>,
) -> Answer<Body<Page<EditHistory>>> {
    let (tenant, PageQuery { limit, offset }) = (caller.tenant.id(), page);
    let found = messages::versions(state.store(), tenant, caller.user, message, limit, offset).await?;
    let (versions, total) = found.ok_or_else(no_such)?;
    let history = EditHistory { message_id: message, versions, total };
    Ok(Body(Page::new(history, Pagination::new(limit, offset, total))))
}

fn no_such() -> ApiError {
    ApiError::not_found("message")
}
