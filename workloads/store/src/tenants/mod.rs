//! Tenants that come and go at run time: who they are, who owns which host name, and what has changed.
//!
//! Each change of a tenant takes the next *revision*, from a counter whose row lock is held until COMMIT. So revisions become
//! visible in their order, and whoever has read up to one reads what came later and misses nothing. A tenant whose rows are
//! gone leaves its own row for a while, so that others read of its end; when that row is forgotten, too, the counter says up
//! to which revision somebody must have read, or else reads everything again.
//!
//! - [`upsert()`], [`remove()`]: what the operator asks for; `judge` decides it, purely.
//! - [`changed_since`]: for processes that follow.
//! - [`list()`], [`counts`]: for people who look.
//! - [`purge`]: the end of a tenant's rows, in every table that has a column `tenant`.

mod counter;
mod follow;
mod judge;
mod list;
pub mod purge;
mod remove;
mod stored;
mod upsert;

pub use follow::{Changes, FollowedTenant, changed_since};
pub use list::{Listed, counts, list};
pub use remove::remove;
pub use upsert::{Outcome, upsert};
