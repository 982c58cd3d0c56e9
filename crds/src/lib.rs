//! The custom resources of Confab, as Rust types, as generated definitions, and as a check that needs no cluster.
//!
//! ```text
//!   doc comments, ranges, patterns, CEL rules          (tenant/)
//!            │ derive
//!            ▼
//!   CustomResourceDefinition ──► chattenants.confab.dev.yaml, docs/chattenant.md   (generate, bin crdgen)
//!            │ the same schema, the same rules
//!            ▼
//!   a user's YAML ──► offline::load ──► ChatTenant ──► ChatTenant::resolved (every default filled in)
//! ```
//!
//! The crate holds no Kubernetes client and does no I/O outside `crdgen`. Defaults live in code ([`tenant::defaults`])
//! and are never written into a spec, so that what is applied stays what was written.
//!
//! Read in this order: [`tenant`], [`generate`], [`offline`].

pub mod generate;
pub mod offline;
mod schema;
pub mod tenant;

pub use tenant::{ChatTenant, ChatTenantSpec, ChatTenantStatus, ResolvedTenant};
