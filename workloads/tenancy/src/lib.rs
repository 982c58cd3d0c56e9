//! Tenants that come and go at run time: how a process learns of them, and how the operator tells.
//!
//! ```text
//! operator ──gRPC──► admin ─► store (tenants, in one order) ─► follower of this process ─► table, keys ─► reply
//!                               │                └─ hint on the bus ─► followers of the others
//!                               └─ purge: rows of those who were removed
//! ```
//!
//! The store is the record. A follower reads what has changed since its last look: when the bus says so, every two seconds
//! anyway, and when somebody asks for a host name that nobody has. So each process serves what any of them was told.
//!
//! Reading order: [`follower`], [`admin`], [`purge`].

pub mod admin;
pub mod follower;
pub mod purge;

pub use admin::{Admin, AdminError, AdminParts};
pub use follower::{FollowError, Follower, FollowerParts};
