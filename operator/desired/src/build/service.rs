//! The stable names of pods: one Service before each role, and a headless one with a record per pod.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::pod::{ADMIN_PORT, HTTP_PORT, OPS_PORT, REDIS_PORT};
use crate::check::{Bus, Dedicated};
use crate::kind::Kind;
use crate::names::Role;
use crate::object::{Fate, Object};

/// Where clients inside the cluster find the API.
const WEB_PORT: i32 = 80;

pub(super) fn build(tenant: &Dedicated) -> Vec<Object> {
    let roles = if tenant.is_embedded() { vec![Role::Serve] } else { vec![Role::Messaging, Role::Presence] };
    let mut services: Vec<Object> =
        roles.into_iter().flat_map(|role| [before(tenant, role), each(tenant, role)]).collect();
    if let Some(Bus::Managed(_)) = &tenant.bus {
        let ports = vec![port("redis", REDIS_PORT, "redis")];
        let spec = ServiceSpec { ports: Some(ports), ..selecting(tenant, Role::Redis) };
        services.push(service(tenant, Role::Redis, tenant.names.role(Role::Redis), spec));
    }
    services
}

/// One address for all pods of a role.
fn before(tenant: &Dedicated, role: Role) -> Object {
    let mut ports = vec![port("http", WEB_PORT, "http"), port("ops", OPS_PORT, "ops")];
    if role != Role::Presence {
        ports.push(port("admin", ADMIN_PORT, "admin"));
    }
    let spec = ServiceSpec { ports: Some(ports), ..selecting(tenant, role) };
    service(tenant, role, tenant.names.role(role), spec)
}

/// One DNS record for each pod.
fn each(tenant: &Dedicated, role: Role) -> Object {
    let ports = vec![port("http", HTTP_PORT, "http")];
    let spec = ServiceSpec { ports: Some(ports), cluster_ip: Some("None".to_owned()), ..selecting(tenant, role) };
    service(tenant, role, tenant.names.pods(role), spec)
}

fn selecting(tenant: &Dedicated, role: Role) -> ServiceSpec {
    let selector: BTreeMap<String, String> = tenant.names.selector(role);
    ServiceSpec { type_: Some("ClusterIP".to_owned()), selector: Some(selector), ..ServiceSpec::default() }
}

fn service(tenant: &Dedicated, role: Role, name: String, spec: ServiceSpec) -> Object {
    let metadata = tenant.owner.metadata(name, tenant.names.labels(Some(role)), Fate::GoesWithTenant);
    Object::new(Kind::Service, &Service { metadata, spec: Some(spec), ..Service::default() })
}

fn port(name: &str, number: i32, target: &str) -> ServicePort {
    ServicePort {
        name: Some(name.to_owned()),
        port: number,
        protocol: Some("TCP".to_owned()),
        target_port: Some(IntOrString::String(target.to_owned())),
        ..ServicePort::default()
    }
}
