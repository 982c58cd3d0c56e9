//! The REST API of Confab: accounts and sessions, conversations and messages, catching up.
//!
//! This crate owns routes, the rules that the API adds to the store's, password hashing, and the OpenAPI document. It
//! holds no SQL and no socket; it never waits for the bus.
//!
//! ```text
//! host ─► tenant ─► bearer ─► limit ─► handler: extract, decide, one store transaction ─► reply
//!                                                                          └─► bus: a hint for sockets
//! ```
//!
//! Reading order: [`Messaging`]; `router` (every route, in groups); `routes` (one module per resource); `sign_in` and
//! [`password`]; `limits`; `refusal` (errors); `publish`; `document` (OpenAPI); [`service`] (the process around it all).

mod document;
mod limits;
mod message_rules;
mod origin;
pub mod password;
mod publish;
mod refusal;
mod router;
mod routes;
pub mod service;
mod sign_in;
mod state;
mod view;

pub use state::{MessagingState, Parts};

/// The commented default Config of the service, which is also the documentation of every key.
pub const DEFAULT_CONFIG: &str = include_str!("../config.default.yaml");

/// The REST API, ready to be mounted.
#[derive(Clone)]
pub struct Messaging {
    state: MessagingState,
}

impl Messaging {
    /// Puts the parts together.
    #[must_use]
    pub fn build(parts: Parts) -> Self {
        Self { state: MessagingState::new(parts) }
    }

    /// Every route with its rate limit. Around it belong the layers that all HTTP services share
    /// ([`confab_chassis::http::Edge`]): tenant, request id, version, time-outs, headers, errors.
    pub fn router(&self) -> axum::Router {
        router::router(&self.state)
    }
}

/// The OpenAPI 3.1 document of every route, as `/v1/openapi.json` serves it.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    router::openapi()
}
