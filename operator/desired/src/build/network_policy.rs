//! Who may speak to whom. Everything is denied first, both ways; then what is needed is allowed.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort,
    NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::pod::{ADMIN_PORT, HTTP_PORT, OPS_PORT, REDIS_PORT};
use crate::check::{Bus, Dedicated, Storage};
use crate::kind::Kind;
use crate::names::Role;
use crate::object::{Fate, Object};
use crate::settings::{Origin, Settings};

/// The label that every namespace has.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";
const DNS_PORT: i32 = 53;

pub(super) fn build(tenant: &Dedicated, settings: &Settings) -> Vec<Object> {
    let mut policies = vec![deny_all(tenant)];
    let roles = if tenant.is_embedded() { vec![Role::Serve] } else { vec![Role::Messaging, Role::Presence] };
    policies.extend(roles.into_iter().map(|role| workload(tenant, settings, role)));
    if let Some(Bus::Managed(_)) = &tenant.bus {
        policies.push(redis(tenant));
    }
    policies
}

fn deny_all(tenant: &Dedicated) -> Object {
    let spec = NetworkPolicySpec {
        pod_selector: Some(labels(tenant.names.tenant_selector())),
        policy_types: Some(both_ways()),
        ..NetworkPolicySpec::default()
    };
    policy(tenant, tenant.names.tenant().to_owned(), None, spec)
}

fn workload(tenant: &Dedicated, settings: &Settings, role: Role) -> Object {
    let mut ingress = vec![
        NetworkPolicyIngressRule { from: clients(tenant), ports: Some(vec![tcp(HTTP_PORT)]) },
        NetworkPolicyIngressRule { from: Some(vec![scrapers(settings)]), ports: Some(vec![tcp(OPS_PORT)]) },
    ];
    if role != Role::Presence {
        let from = Some(vec![origin(&settings.operator)]);
        ingress.push(NetworkPolicyIngressRule { from, ports: Some(vec![tcp(ADMIN_PORT)]) });
    }
    let spec = NetworkPolicySpec {
        pod_selector: Some(labels(tenant.names.selector(role))),
        policy_types: Some(both_ways()),
        ingress: Some(ingress),
        egress: Some(egress(tenant)),
    };
    policy(tenant, tenant.names.role(role), Some(role), spec)
}

/// Names, the database, Redis; nothing else. The database may be anywhere: its port alone is known for sure.
fn egress(tenant: &Dedicated) -> Vec<NetworkPolicyEgressRule> {
    let dns = |protocol: &str| NetworkPolicyPort { protocol: Some(protocol.to_owned()), ..tcp(DNS_PORT) };
    let mut rules = vec![NetworkPolicyEgressRule { ports: Some(vec![dns("UDP"), dns("TCP")]), to: None }];
    let anywhere = |port: u16| NetworkPolicyEgressRule { ports: Some(vec![tcp(i32::from(port))]), to: None };
    if let Storage::Postgres { endpoint, .. } = &tenant.storage {
        rules.push(anywhere(endpoint.port));
    }
    match &tenant.bus {
        Some(Bus::Url { endpoint, .. }) => rules.push(anywhere(endpoint.port)),
        Some(Bus::Managed(_)) => rules.push(NetworkPolicyEgressRule {
            ports: Some(vec![tcp(REDIS_PORT)]),
            to: Some(vec![pods(tenant.names.selector(Role::Redis))]),
        }),
        None => {}
    }
    rules
}

fn redis(tenant: &Dedicated) -> Object {
    let from = [Role::Messaging, Role::Presence].map(|role| pods(tenant.names.selector(role)));
    let spec = NetworkPolicySpec {
        pod_selector: Some(labels(tenant.names.selector(Role::Redis))),
        policy_types: Some(both_ways()),
        ingress: Some(vec![NetworkPolicyIngressRule { from: Some(from.into()), ports: Some(vec![tcp(REDIS_PORT)]) }]),
        egress: None,
    };
    policy(tenant, tenant.names.role(Role::Redis), Some(Role::Redis), spec)
}

/// Whoever the gateway's spec allows; everybody, where it says nothing: a load balancer is in no namespace.
fn clients(tenant: &Dedicated) -> Option<Vec<NetworkPolicyPeer>> {
    let namespaces = tenant.gateway.as_ref()?.namespaces.clone()?;
    Some(vec![NetworkPolicyPeer { namespace_selector: Some(namespaces), ..NetworkPolicyPeer::default() }])
}

/// Prometheus, if it is known where it is; else any pod, for the numbers tell nothing about people.
fn scrapers(settings: &Settings) -> NetworkPolicyPeer {
    settings.monitoring.as_ref().map_or_else(
        || NetworkPolicyPeer { namespace_selector: Some(LabelSelector::default()), ..NetworkPolicyPeer::default() },
        origin,
    )
}

fn origin(origin: &Origin) -> NetworkPolicyPeer {
    let namespace = BTreeMap::from([(NAMESPACE_NAME.to_owned(), origin.namespace.clone())]);
    NetworkPolicyPeer {
        namespace_selector: Some(labels(namespace)),
        pod_selector: (!origin.pod_labels.is_empty()).then(|| labels(origin.pod_labels.clone())),
        ip_block: None,
    }
}

fn pods(selector: BTreeMap<String, String>) -> NetworkPolicyPeer {
    NetworkPolicyPeer { pod_selector: Some(labels(selector)), ..NetworkPolicyPeer::default() }
}

fn labels(labels: BTreeMap<String, String>) -> LabelSelector {
    LabelSelector { match_labels: Some(labels), ..LabelSelector::default() }
}

fn tcp(port: i32) -> NetworkPolicyPort {
    NetworkPolicyPort { port: Some(IntOrString::Int(port)), protocol: Some("TCP".to_owned()), end_port: None }
}

fn both_ways() -> Vec<String> {
    vec!["Ingress".to_owned(), "Egress".to_owned()]
}

fn policy(tenant: &Dedicated, name: String, role: Option<Role>, spec: NetworkPolicySpec) -> Object {
    let metadata = tenant.owner.metadata(name, tenant.names.labels(role), Fate::GoesWithTenant);
    Object::new(Kind::NetworkPolicy, &NetworkPolicy { metadata, spec: Some(spec) })
}
