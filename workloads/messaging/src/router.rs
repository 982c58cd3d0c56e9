//! All routes in one place, and their description.

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::document::{self, Access};
use crate::routes::{
    auth, conversations, members, messages, meta, reactions, receipts, sessions, sync, timeline, users,
};
use crate::state::MessagingState;

/// Every route, by who may call it.
fn groups() -> [(Access, OpenApiRouter<MessagingState>); 3] {
    let people = auth::signed_in()
        .merge(users::router())
        .merge(sessions::router())
        .merge(conversations::router())
        .merge(members::router())
        .merge(messages::router())
        .merge(reactions::router())
        .merge(receipts::router())
        .merge(timeline::router())
        .merge(sync::router());
    [(Access::Limited, auth::strangers()), (Access::Bearer, people), (Access::Open, meta::router())]
}

/// The routes. The layer around them is the caller's.
pub(crate) fn router(state: &MessagingState) -> Router {
    let all = groups().into_iter().map(|(_, group)| group.split_for_parts().0);
    all.fold(Router::new(), Router::merge).with_state(state.clone())
}

/// The document of the same routes.
pub(crate) fn openapi() -> OpenApi {
    document::complete(groups().map(|(access, group)| (access, group.into_openapi())))
}
