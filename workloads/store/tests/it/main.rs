//! Every behaviour on both engines, each test with its own database.
#![allow(clippy::unwrap_used, reason = "a test that finds nothing where something must be has failed")]

#[macro_use]
mod world;

mod accounts;
mod changes;
mod conversations;
mod groups;
mod messages;
mod opening;
mod outage;
mod presence;
mod purge;
mod random_walk;
mod receipts;
mod sending;
mod sessions;
mod silence;
mod tenant_records;
mod tenants;
