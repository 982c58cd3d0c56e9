//! The operator of Confab: the only workload that speaks to the Kubernetes API.
//!
//! ```text
//! watches ──► World ──► Queue ──► tenant::reconcile ──► API server   (fenced: only the leader writes)
//!                                      │  └──────────► TenantAdmin of a host (gRPC)
//!                                      └ decisions: confab-desired, pure
//! ```
//!
//! What a tenant's objects should be is decided in `confab-desired`; this crate brings the cluster there and tells of it.
//!
//! Reading order: [`tenant`] (the reconcile and its steps), [`world`] (what is known), [`queue`], [`election`] (who acts),
//! [`cluster`] (requests), [`metrics`].

pub mod admin;
pub mod cluster;
pub mod config;
pub mod controller;
pub mod election;
pub mod metrics;
pub mod queue;
pub mod tenant;
pub mod world;
