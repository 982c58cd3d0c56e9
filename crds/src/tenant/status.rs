//! What was observed of a tenant.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::{DeletionPolicy, Encryption, PlacementMode};
use crate::schema::plain_properties;

/// What the operator observed. Nothing here is read as a wish, and no secret ever appears here.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct ChatTenantStatus {
    /// The `metadata.generation` that this status describes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The state of the whole and of its parts. `Ready` says whether the tenant can be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// The operator that looks after the tenant, as `namespace/lease`. Another operator keeps away as long as this one
    /// renews its Lease.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Where the tenant runs, with the default filled in: `Shared` or `Dedicated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement: Option<PlacementMode>,
    /// The host that serves a Shared tenant, as `namespace/name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Where clients find the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What the tenant is stored in: `embedded`, `postgres` or `cloudNativePG`; for a Shared tenant, what its host has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Whether the server may read messages, with the default filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// What a deletion would leave, with the default filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// Pods of messaging that are wanted, for `kubectl scale` and autoscalers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Labels of those pods, as a selector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// Pods that are ready, of those that are wanted, such as `2/2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<String>,
    /// The pods of messaging; with an embedded database, the only process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messaging: Option<PodCounts>,
    /// The pods of presence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence: Option<PodCounts>,
    /// Which version of Confab runs, and whether another waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionStatus>,
    /// Guests that this host serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guests: Option<i32>,
    /// What a deletion keeps, and where: volumes, databases, Secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retained: Vec<String>,
}

/// How far the pods of one program are.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct PodCounts {
    /// Pods that are wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired: Option<i32>,
    /// Pods that serve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<i32>,
    /// Pods that have the newest settings and version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<i32>,
}

/// Which version of Confab runs, and whether another waits.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct VersionStatus {
    /// The version that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<String>,
    /// The version that the operator would start, where it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<String>,
}
