//! The only code with SQL: one module per entity, on SQLite and on Postgres.
//!
//! Plain functions, `&Store` first and the tenant second; there is no way to a row without its tenant. What is not
//! there is `None`; what a request may not do is a [`Refusal`]; everything else that fails is a [`StoreError`].
//! A write that belongs to a conversation's sequence gives a [`Committed`] after COMMIT, which the caller publishes.
//! Time and ids come in from outside. Deciding code is in `permission`, and in pure functions beside its statements.
//!
//! Reading order:
//! - `engine`: two databases behind one face; schema and migrations.
//! - [`changes`]: lanes and positions, on which the sync cursor rests.
//! - [`timeline`]: the sequence of a conversation; inside it the group-commit writer through which all messages go.
//! - [`messages`], [`reactions`], [`receipts`], [`conversations`], [`members`].
//! - [`users`], [`sessions`], [`signing_keys`], [`presence`].
//! - [`tenants`]: whom the processes on this database serve, where a Config does not say it.
//!
//! **Locks are taken in one order everywhere**: rows of conversations by (tenant, id), rows of members by (tenant,
//! conversation, user), lanes by (tenant, lane) last. Who is a member changes only under the conversation's row.

#[macro_use]
mod engine;
pub mod changes;
pub mod conversations;
mod error;
pub mod members;
pub mod messages;
mod permission;
pub mod presence;
pub mod reactions;
pub mod receipts;
mod sabotage;
pub mod sessions;
pub mod signing_keys;
mod store;
pub mod tenants;
pub mod timeline;
pub mod users;

pub use error::{Refusal, StoreError, WriteError};
pub use store::{Engine, Source, Store, StoreOptions};
pub use timeline::Committed;
