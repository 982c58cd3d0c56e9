//! A domain belongs to one tenant: the oldest that names it.

use confab_crds::ChatTenant;
use confab_desired::reason::condition;
use confab_desired::{Reason, Stall};

use super::context::Context;
use crate::world::Key;

/// Whether this tenant may have its domain. Who else has it is told only within a namespace.
pub(super) fn check(key: &Key, tenant: &ChatTenant, context: &Context) -> Result<(), Stall> {
    let domain = &tenant.spec.domain;
    let claims = context.world.claims(domain);
    match claims.first() {
        Some(first) if first != key => {
            let whose = if first.namespace == key.namespace {
                format!("ChatTenant {}", first.name)
            } else {
                "a ChatTenant of another namespace".to_owned()
            };
            let message = format!(
                "the domain {domain} belongs to {whose}, which is older; choose another domain for a new ChatTenant, and delete this one"
            );
            Err(Stall::new(condition::REFERENCES, Reason::DomainTaken, message))
        }
        _ => Ok(()),
    }
}
