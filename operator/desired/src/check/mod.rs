//! From a spec and what it refers to, to a checked form that objects can be built from without a question left open.
//!
//! Nothing here reads the cluster: whoever calls has gathered [`References`].

mod capable;
mod dedicated;
mod guest;
mod references;
mod tenant_config;

use confab_crds::ChatTenant;
use confab_crds::tenant::resolved::{ResolvedPlacement, ResolvedTenant};

pub use capable::capable;
pub use dedicated::{Bus, Dedicated, Storage};
pub use guest::{Guest, HostView, guest_policy, record};
pub use references::{Entry, References};
pub use tenant_config::tenant_config;

use crate::reason::Reason;

/// Why a tenant cannot be brought to its spec before somebody changes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stall {
    /// Type of the condition that it belongs to, of [`crate::reason::condition`].
    pub condition: &'static str,
    /// Why.
    pub reason: Reason,
    /// What is wrong and what to do, without any secret.
    pub message: String,
}

impl Stall {
    /// A stall of one part.
    pub fn new(condition: &'static str, reason: Reason, message: impl Into<String>) -> Self {
        Self { condition, reason, message: message.into() }
    }
}

/// A tenant that makes sense.
#[derive(Debug, Clone, PartialEq)]
pub enum Checked {
    /// With pods of its own.
    Dedicated(Box<Dedicated>),
    /// In the pods of a host.
    Guest(Box<Guest>),
}

/// Checks a tenant with pods of its own, or finds its host.
pub fn check(tenant: &ChatTenant, references: &References, host: &HostView) -> Result<Checked, Stall> {
    let resolved = tenant.resolved();
    let config = tenant_config(&resolved)
        .map_err(|problem| Stall::new(crate::reason::condition::REFERENCES, Reason::InvalidSpec, problem))?;
    match &resolved.placement {
        ResolvedPlacement::Dedicated(pods) => dedicated::check(tenant, &resolved, pods, config, references)
            .map(|checked| Checked::Dedicated(Box::new(checked))),
        ResolvedPlacement::Shared { .. } => {
            guest::check(tenant, &resolved, config, host).map(|checked| Checked::Guest(Box::new(checked)))
        }
    }
}

/// What the spec asks for and no workload of this version does, by field.
pub fn unsupported(resolved: &ResolvedTenant) -> Vec<&'static str> {
    let push = &resolved.push;
    let fields = [
        ("spec.files", resolved.files.is_some()),
        ("spec.mail", resolved.mail.is_some()),
        ("spec.push", push.web_push.is_some() || push.fcm.is_some() || push.apns.is_some()),
        ("spec.callClusterRef", resolved.call_cluster.is_some()),
        ("spec.aiModelPoolRef", resolved.ai_model_pool.is_some()),
    ];
    fields.into_iter().filter(|(_, asked)| *asked).map(|(field, _)| field).collect()
}

#[cfg(test)]
mod tests;
