//! The pods of messaging and of presence: how many, how large, where.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::rules;
use super::scheduling::SchedulingSpec;
use super::storage::Quantity;
use crate::schema::plain_properties;

/// The pods of one program.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadSpec {
    /// Numbers for this program alone, instead of `spec.replicas`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<ReplicasSpec>,
    /// Processor and memory of each pod. Default: requests of cpu 100m and memory 128Mi with a limit of memory 512Mi.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourcesSpec>,
    /// On which nodes the pods run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduling: Option<SchedulingSpec>,
}

/// How many pods: a fixed number, or between two numbers by their load.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[x_kube(validation = rules::workload::min_is_not_above_max())]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct ReplicasSpec {
    /// Pods at least, 1 to 100. Default: `spec.replicas`, but not more than `max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub min: Option<i32>,
    /// Pods at most, 1 to 100. Default: `min`, so that the number is fixed. With more than `min`, a
    /// HorizontalPodAutoscaler chooses the number; it needs metrics-server in the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub max: Option<i32>,
    /// Use of the requested cpu, in percent, that the number of pods is chosen for. Default: 70. Read only when `max` is
    /// above `min`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub target_cpu_percent: Option<i32>,
}

/// Processor and memory of a pod.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[x_kube(validation = rules::workload::limits_cover_requests("cpu"), validation = rules::workload::limits_cover_requests("memory"))]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct ResourcesSpec {
    /// What a node must have free for the pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<RequestsSpec>,
    /// What the pod may use at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<ResourceLimitsSpec>,
}

/// What a node must have free for a pod.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct RequestsSpec {
    /// Processor, such as `250m` or `2`. Default: the limit, if there is one; else the default of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,
    /// Memory, such as `256Mi`. Default: the limit, if it is written; else the default of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
}

/// What a pod may use at most.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct ResourceLimitsSpec {
    /// Processor, such as `2`. Default: no limit, since one slows a pod down even where its node is idle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,
    /// Memory, such as `1Gi`. Default: the request, if it is written; else the default of the program. A pod that needs
    /// more is ended and started again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
}
