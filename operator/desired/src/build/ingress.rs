//! The way in through an Ingress.

use confab_crds::tenant::resolved::{ResolvedIngress, ResolvedRoute, ResolvedTls};
use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule, IngressServiceBackend, IngressSpec,
    IngressTLS, ServiceBackendPort,
};

use super::routes::{self, Route, SOCKET_PATH};
use crate::check::Dedicated;
use crate::kind::Kind;
use crate::names::Role;
use crate::object::{Fate, Object};

pub(super) fn build(tenant: &Dedicated) -> Option<Object> {
    let ResolvedRoute::Ingress(wanted) = &tenant.gateway.as_ref()?.route else { return None };
    let name = tenant.names.tenant().to_owned();
    let mut metadata = tenant.owner.metadata(name, tenant.names.labels(None), Fate::GoesWithTenant);
    metadata.annotations = (!wanted.annotations.is_empty()).then(|| wanted.annotations.clone());
    let rules = routes::table(tenant).iter().flat_map(|route| rules(tenant, route)).collect();
    let ingress = Ingress {
        metadata,
        spec: Some(IngressSpec {
            ingress_class_name: wanted.class_name.clone(),
            rules: Some(rules),
            tls: tls(tenant, wanted),
            ..IngressSpec::default()
        }),
        ..Ingress::default()
    };
    Some(Object::new(Kind::Ingress, &ingress))
}

fn rules(tenant: &Dedicated, route: &Route) -> Vec<IngressRule> {
    let mut paths = Vec::new();
    if let Some(sockets) = route.socket {
        paths.push(path(tenant, SOCKET_PATH, "Exact", sockets));
    }
    paths.push(path(tenant, "/", "Prefix", route.rest));
    let rule = |host: &String| IngressRule {
        host: Some(host.clone()),
        http: Some(HTTPIngressRuleValue { paths: paths.clone() }),
    };
    route.hosts.iter().map(rule).collect()
}

fn path(tenant: &Dedicated, path: &str, path_type: &str, role: Role) -> HTTPIngressPath {
    HTTPIngressPath {
        path: Some(path.to_owned()),
        path_type: path_type.to_owned(),
        backend: IngressBackend {
            service: Some(IngressServiceBackend {
                name: tenant.names.role(role),
                port: Some(ServiceBackendPort { name: Some("http".to_owned()), ..ServiceBackendPort::default() }),
            }),
            ..IngressBackend::default()
        },
    }
}

fn tls(tenant: &Dedicated, wanted: &ResolvedIngress) -> Option<Vec<IngressTLS>> {
    let secret = match wanted.tls.as_ref()? {
        ResolvedTls::Secret(name) => name.clone(),
        ResolvedTls::CertManager(_) => tenant.names.gateway_tls(),
    };
    Some(vec![IngressTLS { hosts: Some(routes::hosts(tenant)), secret_name: Some(secret) }])
}
