//! Tenants that come and go: real stores, a real Redis, real gRPC.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

#[macro_use]
mod world;

mod calls;
mod deletion;
mod following;
mod tls;
