//! On which nodes pods run.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reference::{LABEL_CHARS, OBJECT_NAME_CHARS};
use super::selector::{LABEL_KEY, LABEL_KEY_CHARS, LABEL_VALUE};
use super::{DNS_NAME, rules};
use crate::schema::{label_map, plain_properties, without_descriptions};

/// On which nodes pods run.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct SchedulingSpec {
    /// Labels that a node must have, at most 16. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(transform = label_map)]
    #[x_kube(validation = rules::placement::keys_are_label_names())]
    pub node_selector: Option<BTreeMap<String, String>>,
    /// Taints that the pods put up with, at most 16. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16))]
    pub tolerations: Option<Vec<TolerationSpec>>,
    /// Rules on nodes and on pods beside, exactly as in a Pod; `kubectl explain pod.spec.affinity` describes them.
    /// Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(transform = without_descriptions)]
    pub affinity: Option<v1::Affinity>,
    /// The PriorityClass of the pods. Default: the cluster's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = DNS_NAME))]
    pub priority_class_name: Option<String>,
    /// Whether the pods of one program are spread over nodes and zones. `Preferred` (default): as far as there is room.
    /// `Required`: a pod waits rather than stand beside another on its node. `None`: the scheduler alone decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topology_spread: Option<TopologySpread>,
}

/// Whether pods are spread over nodes and zones.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TopologySpread {
    /// As far as there is room.
    #[default]
    Preferred,
    /// A pod waits rather than stand beside another.
    Required,
    /// The scheduler alone decides.
    None,
}

/// A taint that pods put up with.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[x_kube(
    validation = rules::workload::existing_taint_has_no_value(),
    validation = rules::workload::unnamed_taint_only_exists(),
    validation = rules::workload::only_eviction_waits()
)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct TolerationSpec {
    /// Name of the taint. Default: every taint, which needs `operator: Exists`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = LABEL_KEY_CHARS), regex(pattern = LABEL_KEY))]
    pub key: Option<String>,
    /// `Equal` (default): the taint has this `value`. `Exists`: the taint is there, whatever its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<TolerationOperator>,
    /// Value of the taint. Default: empty. Not with `operator: Exists`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = LABEL_CHARS), regex(pattern = LABEL_VALUE))]
    pub value: Option<String>,
    /// Which effect of the taint is borne. Default: every effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<TaintEffect>,
    /// How many seconds a pod stays on its node after the taint was set. Default: for ever. Only with
    /// `effect: NoExecute`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub toleration_seconds: Option<i64>,
}

/// How a taint is compared.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TolerationOperator {
    /// By its value.
    #[default]
    Equal,
    /// Not at all: it is there.
    Exists,
}

/// What a taint does to pods that do not bear it.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaintEffect {
    /// No new ones come.
    NoSchedule,
    /// New ones come only where nothing else is free.
    PreferNoSchedule,
    /// Those that are there go.
    NoExecute,
}

impl From<&TolerationSpec> for v1::Toleration {
    fn from(spec: &TolerationSpec) -> Self {
        let operator = match spec.operator.unwrap_or_default() {
            TolerationOperator::Equal => "Equal",
            TolerationOperator::Exists => "Exists",
        };
        let effect = spec.effect.map(|effect| match effect {
            TaintEffect::NoSchedule => "NoSchedule",
            TaintEffect::PreferNoSchedule => "PreferNoSchedule",
            TaintEffect::NoExecute => "NoExecute",
        });
        Self {
            key: spec.key.clone(),
            operator: Some(operator.into()),
            value: spec.value.clone(),
            effect: effect.map(Into::into),
            toleration_seconds: spec.toleration_seconds,
        }
    }
}
