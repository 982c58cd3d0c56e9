//! The chassis from outside: real routers, real sockets, a real Redis.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod bus;
mod credentials;
mod edge;
mod extractors;
mod fixture;
mod ops;
mod rates;
mod serving;
mod standing;
mod tokens;
