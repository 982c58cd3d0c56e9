//! Where a tenant runs, and which others may run in it.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reference::ObjectRef;
use super::rules;
use super::selector::LabelSelector;
use crate::schema::plain_properties;

/// Where the tenant's workloads run.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[x_kube(validation = rules::placement::host_only_for_guests())]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct Placement {
    /// `Shared` (default): the tenant is rows in the database of a host that serves many tenants, and costs no pod.
    /// `Dedicated`: the tenant has pods, policies and secrets of its own, in its own namespace. It cannot be changed
    /// later, since the data would stay behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<PlacementMode>,
    /// The Dedicated ChatTenant that serves this one as its guest. Only with `mode: Shared`. Default: the host that the
    /// operator was installed with. It cannot be changed later, since the tenant's data are in its host's database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_ref: Option<ObjectRef>,
}

/// Whether a tenant has pods of its own.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlacementMode {
    /// A guest in the pods of a host.
    #[default]
    Shared,
    /// Pods of its own.
    Dedicated,
}

/// Which tenants this one serves as guests.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct AllowedTenants {
    /// From which namespaces guests may come. Default: this tenant's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<AllowedNamespaces>,
    /// How many guests at most, 1 to 100000. Default: 10000. Guests beyond it wait until others go; nobody who is
    /// served already is turned out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub max_tenants: Option<u32>,
}

/// From which namespaces guests may come.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[x_kube(validation = rules::placement::selector_with_from_selector())]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct AllowedNamespaces {
    /// `Same` (default): only this tenant's own namespace. `All`: every namespace. `Selector`: the namespaces whose
    /// labels `selector` accepts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<NamespacesFrom>,
    /// Which labels a namespace must have. Needed with `from: Selector`, and refused without. `{}` accepts every
    /// namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// How namespaces are chosen.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NamespacesFrom {
    /// Only the tenant's own.
    #[default]
    Same,
    /// Every one.
    All,
    /// Those with certain labels.
    Selector,
}
