//! The gateway over real sockets, on SQLite and on Postgres with Redis. What messaging would do is done through the store
//! and the bus directly.
#![allow(clippy::unwrap_used, reason = "tests")]

mod availability;
mod bad_frames;
mod client;
mod cut_off;
mod delivery;
mod engines;
mod joining;
mod lagging;
mod leaving;
mod limits;
mod opening;
mod process;
mod receipts;
mod redis_outage;
mod resting;
mod resume;
mod revocation;
mod slow_reader;
mod tenants;
mod typing;
mod world;
