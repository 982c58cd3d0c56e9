//! What a cluster should hold for a `ChatTenant`: the operator's decisions, without a client, a clock or a random number.
//!
//! ```text
//! ChatTenant ──┐
//! References ──┼─► check ──► Dedicated ──► build ──► objects ──► compare with what is there ──► what to apply, what to prune
//! Settings ────┘      └────► Guest ─────► record for the host's TenantAdmin
//!                                         what was observed ──► status (conditions, `None` when unchanged)
//! ```
//!
//! `confab-operator` puts a cluster around it; `confab render` and `confab plan` call the same functions offline.
//!
//! Reading order: [`settings`], [`check`], [`build`], [`compare`], [`status`], [`reason`].

pub mod build;
pub mod check;
pub mod compare;
pub mod delivery;
pub mod digest;
pub mod endpoint;
#[cfg(test)]
mod fixture;
pub mod kind;
pub mod names;
pub mod object;
pub mod ownership;
pub mod permissions;
pub mod quantity;
pub mod reason;
pub mod release;
pub mod restart;
pub mod settings;
pub mod status;

pub use check::{Checked, Dedicated, Guest, References, Stall};
pub use kind::Kind;
pub use names::{FIELD_MANAGER, Names, Role};
pub use object::{Object, Owner};
pub use reason::Reason;
pub use settings::Settings;
