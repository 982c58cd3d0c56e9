//! What a tenant may not be beside others, or after what it was.

use std::collections::HashMap;

use super::document::Document;
use super::problem::{BrokenRule, Problem};
use crate::ChatTenant;

/// Whether these tenants can be served side by side: each has its own id and its own host names.
pub fn check_set(tenants: &[Document]) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    let mut ids: HashMap<String, &Document> = HashMap::new();
    let mut hosts: HashMap<String, &Document> = HashMap::new();
    for tenant in tenants {
        if let Some(first) = ids.get(&tenant.tenant_id()) {
            let name = tenant.metadata.name.as_deref().unwrap_or_default();
            let message = format!(
                "a tenant named {name:?} in the same namespace is at {} already; give one of them another name",
                first.place("metadata.name")
            );
            problems.push(tenant.fault("metadata.name", BrokenRule::Unique("name"), message));
        }
        ids.entry(tenant.tenant_id()).or_insert(tenant);
        let taken = tenant.hosts().into_iter().find_map(|host| hosts.get(&host).map(|first| (host, *first)));
        if let Some((host, first)) = taken {
            let message = format!(
                "the host name {host:?} belongs to the tenant at {} already; give one of them another domain",
                first.place("spec.domain")
            );
            problems.push(tenant.fault("spec.domain", BrokenRule::Unique("domain"), message));
        }
        for host in tenant.hosts() {
            hosts.entry(host).or_insert(tenant);
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// Whether a tenant that is `old` may become `new`: all rules again, with those on changes.
pub fn check_update(old: &ChatTenant, new: &Document) -> Result<(), Vec<Problem>> {
    let problems = new.change_faults(old);
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}
