//! The way in, with every default filled in.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::tenant::{GatewaySpec, HttpRouteSpec, IngressSpec, IssuerKind, IssuerRef, ParentRef, TlsSpec, defaults};

/// How requests from outside reach the pods.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedGateway {
    /// What routes them.
    pub route: ResolvedRoute,
    /// Networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<String>,
    /// Names of guests, beside the tenant's own.
    pub guest_domains: Vec<String>,
    /// Namespaces whose pods may connect; `None` means every one.
    pub namespaces: Option<LabelSelector>,
}

/// What routes requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolvedRoute {
    /// An Ingress.
    Ingress(ResolvedIngress),
    /// An HTTPRoute that attaches to these.
    HttpRoute(Vec<ResolvedParent>),
}

/// An Ingress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedIngress {
    /// Its class, or the cluster's default.
    pub class_name: Option<String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// Its certificate, if it has one.
    pub tls: Option<ResolvedTls>,
}

/// Where a certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolvedTls {
    /// A Secret of the tenant's namespace.
    Secret(String),
    /// cert-manager.
    CertManager(ResolvedIssuer),
}

/// An issuer of cert-manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedIssuer {
    /// Its name.
    pub name: String,
    /// Whether it belongs to the namespace or to the cluster.
    pub kind: IssuerKind,
    /// Its API group.
    pub group: String,
}

/// A Gateway, or one listener of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedParent {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The listener, or every one.
    pub section_name: Option<String>,
}

impl ResolvedGateway {
    /// `None` where neither variant is given, which no checked object has.
    pub(super) fn of(spec: &GatewaySpec, namespace: &str) -> Option<Self> {
        let route = match (&spec.http_route, &spec.ingress) {
            (Some(HttpRouteSpec { parent_refs }), _) => {
                let parents = parent_refs.iter().map(|parent| ResolvedParent::of(parent, namespace));
                ResolvedRoute::HttpRoute(parents.collect())
            }
            (None, Some(ingress)) => ResolvedRoute::Ingress(ingress.into()),
            (None, None) => return None,
        };
        let from = spec.from.as_ref().and_then(|from| from.namespace_selector.as_ref());
        Some(Self {
            route,
            trusted_proxies: spec.trusted_proxies.clone().unwrap_or_default(),
            guest_domains: spec.guest_domains.clone().unwrap_or_default(),
            namespaces: from.map(LabelSelector::from),
        })
    }
}

impl From<&IngressSpec> for ResolvedIngress {
    fn from(spec: &IngressSpec) -> Self {
        Self {
            class_name: spec.class_name.clone(),
            annotations: spec.annotations.clone().unwrap_or_default(),
            tls: spec.tls.as_ref().and_then(ResolvedTls::of),
        }
    }
}

impl ResolvedTls {
    /// `None` where neither variant is given, which no checked object has.
    fn of(spec: &TlsSpec) -> Option<Self> {
        match (&spec.secret_name, &spec.cert_manager) {
            (Some(name), _) => Some(Self::Secret(name.clone())),
            (None, Some(manager)) => Some(Self::CertManager((&manager.issuer_ref).into())),
            (None, None) => None,
        }
    }
}

impl From<&IssuerRef> for ResolvedIssuer {
    fn from(spec: &IssuerRef) -> Self {
        Self {
            name: spec.name.clone(),
            kind: spec.kind.unwrap_or_default(),
            group: spec.group.clone().unwrap_or_else(|| defaults::ISSUER_GROUP.into()),
        }
    }
}

impl ResolvedParent {
    fn of(spec: &ParentRef, namespace: &str) -> Self {
        Self {
            namespace: spec.namespace.clone().unwrap_or_else(|| namespace.to_owned()),
            name: spec.name.clone(),
            section_name: spec.section_name.clone(),
        }
    }
}
