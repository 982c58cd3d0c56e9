//! Between the operator and a host: which tenants the host serves, told over gRPC (`proto/tenant_admin.proto`).
//!
//! - [`record`]: a tenant as the operator knows it, and what may be wrong with one.
//! - [`policy`]: who may be a guest of a host. The operator and the host ask the same function.
//! - [`state`]: what becomes of a tenant on its host, and why a record is refused.
//! - `token` (feature `grpc`): what opens the service.
//! - `v1` (feature `grpc`): the messages, the client and the server, generated. A client brings its own connection.

pub mod policy;
pub mod record;
pub mod state;
#[cfg(feature = "grpc")]
pub mod token;
#[cfg(feature = "grpc")]
mod wire;

pub use policy::GuestPolicy;
pub use record::TenantRecord;
pub use state::{RefusalReason, TenantState};

/// Generated from `proto/tenant_admin.proto`.
#[cfg(feature = "grpc")]
#[expect(missing_docs, clippy::pedantic, reason = "generated code; the .proto file documents it")]
pub mod v1 {
    tonic::include_proto!("confab.admin.v1");
}

/// Tenants in one `Upsert` at most.
pub const UPSERT_TENANTS: usize = 256;
