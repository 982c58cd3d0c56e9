//! The status of a tenant: a pure function of what was observed, `None` when it would say what is said already.

mod conditions;
mod facts;
mod pods;

use confab_crds::tenant::ChatTenantStatus;
use jiff::Timestamp;

pub use conditions::{Part, State, is_ours};
pub use facts::{dedicated, guest};
pub use pods::{Pods, pods_of};

use confab_crds::ChatTenant;

/// What was observed in one reconcile.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// The parts, each with a condition of its own.
    pub parts: Vec<Part>,
    /// Everything but conditions and generation.
    pub facts: ChatTenantStatus,
}

/// The new status, if it differs from the present one. Conditions that are not ours are kept.
pub fn compose(tenant: &ChatTenant, observed: Observed, now: Timestamp) -> Option<ChatTenantStatus> {
    let present = tenant.status.clone().unwrap_or_default();
    let generation = tenant.metadata.generation;
    let conditions = conditions::merge(&present.conditions, &observed.parts, generation, now);
    let status = ChatTenantStatus { observed_generation: generation, conditions, ..observed.facts };
    (status != present).then_some(status)
}

/// The status of a tenant that is left as it is, if it does not say so already.
pub fn paused(tenant: &ChatTenant, now: Timestamp) -> Option<ChatTenantStatus> {
    let present = tenant.status.clone().unwrap_or_default();
    let conditions = conditions::paused(&present.conditions, tenant.metadata.generation, now);
    let status = ChatTenantStatus { conditions, observed_generation: tenant.metadata.generation, ..present.clone() };
    (status != present).then_some(status)
}

#[cfg(test)]
mod tests;
