//! The `confab` command as its users have it: real programs, real servers, nothing of the inside.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod architecture;
mod banner;
mod default_configs;
mod doctor;
mod environment;
mod hosts;
mod http;
mod migrating;
mod operator;
mod plan;
mod plan_live;
mod program;
mod render;
mod separate;
mod serve;
mod socket;
mod tenants;
mod together;
mod tour;
mod user;
mod waiting;
