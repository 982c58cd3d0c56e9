//! The objects of a tenant with pods of its own: a pure function, one file per kind.

mod autoscaler;
mod certificate;
mod cluster;
pub mod config;
mod config_map;
mod deployment;
mod disruption_budget;
mod http_route;
mod ingress;
mod network_policy;
mod pod;
mod redis;
mod routes;
pub mod secret;
mod service;
mod service_account;
mod service_monitor;
mod stateful_set;
mod volume_claim;
pub mod workload;

use crate::check::{Bus, Dedicated, Storage};
use crate::kind::Kind;
use crate::names::Role;
use crate::object::{Fate, Object};
use crate::release::Choice;
use crate::settings::Settings;

pub use pod::{ADMIN_PORT, HTTP_PORT, OPS_PORT, REDIS_PORT};
pub use workload::{Former, Workload};

/// What a tenant's namespace should hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// In the order of [`Kind::ALL`].
    pub objects: Vec<Object>,
    /// Secrets that are made once, and never rewritten.
    pub secrets: Vec<secret::Generated>,
    /// The workloads among the objects.
    pub workloads: Vec<Workload>,
    /// What the managed Redis among them is rendered from.
    pub redis: Option<Choice>,
}

/// Everything that a tenant's namespace should hold. `former` is what its workloads were rendered from so far.
pub fn objects(tenant: &Dedicated, settings: &Settings, former: &Former) -> Wanted {
    let workloads = workload::of(tenant, settings, former);
    let mut objects = vec![service_account::build(tenant)];
    objects.extend(workloads.iter().map(|workload| config_map::build(tenant, workload)));
    objects.extend(network_policy::build(tenant, settings));
    objects.extend(volume_claim::build(tenant));
    objects.extend(service::build(tenant));
    match &tenant.storage {
        Storage::Postgres { cluster: Some(cluster), .. } | Storage::Pending(cluster) => {
            objects.push(cluster::build(tenant, cluster));
        }
        Storage::Embedded(_) | Storage::Postgres { .. } => {}
    }
    objects.extend(workloads.iter().map(|workload| match workload.role {
        Role::Serve => stateful_set::build(tenant, workload),
        _ => deployment::build(tenant, workload),
    }));
    let redis = match &tenant.bus {
        Some(Bus::Managed(size)) => Some(redis::choice(tenant, settings, size, former.get(&Role::Redis))),
        _ => None,
    };
    objects.extend(redis.iter().map(|choice| redis::build(tenant, choice)));
    objects.extend(disruption_budget::build(tenant, &workloads));
    objects.extend(autoscaler::build(tenant, &workloads));
    objects.extend(certificate::build(tenant));
    objects.extend(ingress::build(tenant));
    objects.extend(http_route::build(tenant));
    if settings.capabilities.service_monitor {
        objects.push(service_monitor::build(tenant, settings));
    }
    objects.sort_by_key(|object| Kind::ALL.iter().position(|kind| *kind == object.kind));
    Wanted { objects, secrets: secret::build(tenant, settings), workloads, redis }
}

/// The role whose pods answer the REST API and the operator.
pub fn api_role(tenant: &Dedicated) -> Role {
    if tenant.is_embedded() { Role::Serve } else { Role::Messaging }
}

/// The role whose pods hold the sockets.
pub fn socket_role(tenant: &Dedicated) -> Role {
    if tenant.is_embedded() { Role::Serve } else { Role::Presence }
}

/// What becomes of data when the tenant goes.
fn fate_of_data(tenant: &Dedicated) -> Fate {
    if tenant.retains() { Fate::Stays } else { Fate::GoesWithTenant }
}

#[cfg(test)]
mod tests;
