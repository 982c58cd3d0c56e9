//! How requests from outside the cluster reach a Dedicated tenant.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reference::{LABEL_CHARS, OBJECT_NAME_CHARS};
use super::selector::LabelSelector;
use super::{DNS_LABEL, DNS_NAME, rules};
use crate::schema::{annotation_map, plain_properties};

/// A network as `10.0.0.0/8` or `2001:db8::/32`.
pub(crate) const NETWORK: &str =
    "^([0-9]{1,3}([.][0-9]{1,3}){3}/[0-9]{1,2}|[0-9a-f]{0,4}(:[0-9a-f]{0,4}){2,7}/[0-9]{1,3})$";
/// Longest network: eight groups of an IPv6 address, and the prefix length.
const NETWORK_CHARS: usize = 43;
/// A DNS name, or all names below it.
pub(crate) const HOST_PATTERN: &str =
    r"^([*][.])?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$";
/// Longest such name.
const HOST_PATTERN_CHARS: usize = 253;

/// How requests from outside reach the pods: exactly one of `ingress` and `httpRoute`, and what belongs to either.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[x_kube(validation = rules::gateway::one_route())]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct GatewaySpec {
    /// An Ingress, for the ingress controller of the cluster. Write `ingress: {}` for the default class without TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress: Option<IngressSpec>,
    /// An HTTPRoute of the Gateway API. TLS is then the business of the Gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_route: Option<HttpRouteSpec>,
    /// Networks of the proxies before the pods, such as `10.0.0.0/8`, at most 64. Default: none. Only what comes from
    /// them may say, with `X-Forwarded-For`, which address a request is from; limits per address need it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), inner(length(max = NETWORK_CHARS), regex(pattern = NETWORK)))]
    #[x_kube(merge_strategy = ListMerge::Set, validation = rules::gateway::networks_are_networks())]
    pub trusted_proxies: Option<Vec<String>>,
    /// Names that are routed here for guests, beside the tenant's own, such as `*.chat.example.com`, at most 32. Default:
    /// none. Only with `allowedTenants`. In an Ingress the star stands for exactly one label: `*.chat.example.com` brings
    /// `acme.chat.example.com` here, but not `api.acme.chat.example.com`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32), inner(length(min = 1, max = HOST_PATTERN_CHARS), regex(pattern = HOST_PATTERN)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub guest_domains: Option<Vec<String>>,
    /// Who inside the cluster may reach the pods, for the NetworkPolicy. Default: pods of every namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<GatewayPeers>,
}

/// Who inside the cluster may reach the pods.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct GatewayPeers {
    /// Labels of the namespaces whose pods may, such as that of the ingress controller. Default: every namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
}

/// An Ingress.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct IngressSpec {
    /// The IngressClass. Default: the cluster's default class.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = DNS_NAME))]
    pub class_name: Option<String>,
    /// Annotations of the Ingress, for settings of its controller, at most 32. Default: none. A WebSocket is open for
    /// hours: a controller that ends idle connections needs its time-out raised here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(transform = annotation_map)]
    #[x_kube(validation = rules::placement::keys_are_label_names())]
    pub annotations: Option<BTreeMap<String, String>>,
    /// The certificate. Default: none, so that the controller answers plain HTTP or with a certificate of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsSpec>,
}

/// Where a certificate comes from: exactly one of the variants.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[x_kube(validation = rules::gateway::one_certificate())]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct TlsSpec {
    /// A Secret of type `kubernetes.io/tls` in the tenant's own namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = DNS_NAME))]
    pub secret_name: Option<String>,
    /// A certificate that cert-manager asks for and renews; cert-manager must be installed in the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_manager: Option<CertManagerSpec>,
}

/// A certificate from cert-manager.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct CertManagerSpec {
    /// Who issues the certificate.
    pub issuer_ref: IssuerRef,
}

/// An issuer of cert-manager.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct IssuerRef {
    /// Name of the issuer.
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = DNS_NAME))]
    pub name: String,
    /// `Issuer` (default): one of the tenant's namespace. `ClusterIssuer`: one of the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<IssuerKind>,
    /// API group of the issuer. Default: cert-manager.io.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = DNS_NAME))]
    pub group: Option<String>,
}

/// Whether an issuer belongs to a namespace.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IssuerKind {
    /// To one.
    #[default]
    Issuer,
    /// To the cluster.
    ClusterIssuer,
}

impl IssuerKind {
    /// As cert-manager writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Issuer => "Issuer",
            Self::ClusterIssuer => "ClusterIssuer",
        }
    }
}

/// An HTTPRoute.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct HttpRouteSpec {
    /// The Gateways that the route attaches to, 1 to 8.
    #[schemars(length(min = 1, max = 8))]
    pub parent_refs: Vec<ParentRef>,
}

/// A Gateway, or one listener of it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct ParentRef {
    /// Name of the Gateway.
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = DNS_NAME))]
    pub name: String,
    /// Its namespace. Default: the tenant's own. The Gateway must allow routes of the tenant's namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = LABEL_CHARS), regex(pattern = DNS_LABEL))]
    pub namespace: Option<String>,
    /// The listener of the Gateway. Default: every listener that allows the route.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = DNS_NAME))]
    pub section_name: Option<String>,
}
