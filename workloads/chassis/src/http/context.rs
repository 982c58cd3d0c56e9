//! What the edge found out about the request that this task answers. Extractors and errors read it here, so that no handler
//! has to carry it around.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, Uri};
use confab_contract::UserId;

use super::client_address::ClientAddress;
use super::request_id::RequestIdText;
use crate::clock::Clock;
use crate::rate::Verdict;
use crate::tenant::Tenant;

/// Facts of one request.
pub(super) struct Context {
    pub(super) request_id: RequestIdText,
    pub(super) method: Method,
    /// Only its path is ever shown: the query may hold a token.
    pub(super) uri: Uri,
    pub(super) client: ClientAddress,
    /// The host that the client named.
    pub(super) host: Option<String>,
    /// Whether the client came over TLS, as far as a trusted proxy says so.
    pub(super) secure: bool,
    pub(super) tenant: Option<Arc<Tenant>>,
    /// Nobody could be asked whether some tenant has that host name.
    pub(super) cannot_tell: bool,
    /// Who asks, once that is known.
    pub(super) user: Cell<Option<UserId>>,
    pub(super) read_timeout: Duration,
    pub(super) clock: Clock,
    /// The strictest rate limit that the request met.
    pub(super) verdict: Cell<Option<Verdict>>,
}

tokio::task_local! {
    pub(super) static CURRENT: Context;
}

/// Reads a fact of the present request; `None` outside the edge.
pub(super) fn current<R>(read: impl FnOnce(&Context) -> R) -> Option<R> {
    CURRENT.try_with(read).ok()
}
