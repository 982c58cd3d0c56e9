//! What every HTTP service of ours does alike.
//!
//! [`edge::Edge`] wraps a whole router: it names the request, finds the client's address and the tenant, checks the version,
//! keeps time, catches panics, and gives every reply its headers and every error its form. Extractors take what a handler
//! needs out of a request and refuse what is not right, naming the field.
//!
//! - [`edge`]: the one layer around everything.
//! - [`error`]: errors as replies.
//! - [`auth`], [`tenant`], [`client_address`], [`request_id`]: who asks.
//! - [`json`], [`query`], [`path`], [`page`]: what they ask for.
//! - [`rate`]: how often they may.
//! - [`cors`], [`security_headers`], [`version`]: headers.

pub mod auth;
pub mod client_address;
mod context;
pub mod cors;
pub mod edge;
pub mod error;
pub mod json;
pub mod page;
pub mod path;
mod problem;
pub mod query;
pub mod rate;
pub mod request_id;
pub mod security_headers;
pub mod tenant;
pub mod version;

pub use auth::{Caller, HasIdentity};
pub use client_address::ClientAddress;
pub use edge::Edge;
pub use error::{HttpError, HttpResult};
pub use json::{Json, JsonOrDefault};
pub use page::PageQuery;
pub use path::Path;
pub use query::Query;
pub use request_id::RequestIdText;
pub use tenant::{CurrentTenant, NamedHost};
