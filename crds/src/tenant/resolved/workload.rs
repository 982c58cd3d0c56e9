//! Pods, with every default filled in.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Affinity, Toleration};

use crate::tenant::defaults::{self, DefaultResources};
use crate::tenant::{Quantity, ReplicasSpec, ResourcesSpec, SchedulingSpec, TopologySpread, WorkloadSpec};

/// The pods of one program.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedWorkload {
    /// How many.
    pub replicas: ResolvedReplicas,
    /// How large each is.
    pub resources: ResolvedResources,
    /// Where they run.
    pub scheduling: ResolvedScheduling,
}

/// How many pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolvedReplicas {
    /// So many.
    Fixed(i32),
    /// As many as the load asks for.
    Scaled {
        /// At least.
        min: i32,
        /// At most; more than `min`.
        max: i32,
        /// The use of the requested cpu that is aimed for, in percent.
        target_cpu_percent: i32,
    },
}

/// How large a pod is. Amounts are as Kubernetes writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedResources {
    /// `requests.cpu`.
    pub cpu_request: String,
    /// `requests.memory`.
    pub memory_request: String,
    /// `limits.cpu`, if it is limited.
    pub cpu_limit: Option<String>,
    /// `limits.memory`.
    pub memory_limit: String,
}

/// Where pods run.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedScheduling {
    /// Labels that a node must have.
    pub node_selector: BTreeMap<String, String>,
    /// Taints that are borne.
    pub tolerations: Vec<Toleration>,
    /// Rules on nodes and on pods beside.
    pub affinity: Option<Affinity>,
    /// The PriorityClass, or the cluster's default.
    pub priority_class_name: Option<String>,
    /// How pods are spread.
    pub topology_spread: TopologySpread,
}

impl ResolvedWorkload {
    pub(super) fn of(spec: Option<&WorkloadSpec>, replicas: i32) -> Self {
        let spec = spec.cloned().unwrap_or_default();
        Self {
            replicas: ResolvedReplicas::of(spec.replicas, replicas),
            resources: ResolvedResources::of(spec.resources.as_ref(), defaults::WORKLOAD_RESOURCES),
            scheduling: spec.scheduling.unwrap_or_default().into(),
        }
    }
}

impl ResolvedReplicas {
    /// Pods that are wanted whatever the load.
    pub fn least(self) -> i32 {
        match self {
            Self::Fixed(count) | Self::Scaled { min: count, .. } => count,
        }
    }

    fn of(spec: Option<ReplicasSpec>, otherwise: i32) -> Self {
        let spec = spec.unwrap_or_default();
        let min = spec.min.unwrap_or_else(|| otherwise.min(spec.max.unwrap_or(otherwise)));
        match spec.max {
            Some(max) if max > min => Self::Scaled {
                min,
                max,
                target_cpu_percent: spec.target_cpu_percent.unwrap_or(defaults::TARGET_CPU_PERCENT),
            },
            _ => Self::Fixed(min),
        }
    }
}

impl ResolvedResources {
    /// A limit alone is a request too, as Kubernetes has it; a request of memory alone is a limit too.
    pub(super) fn of(spec: Option<&ResourcesSpec>, default: DefaultResources) -> Self {
        let spec = spec.cloned().unwrap_or_default();
        let (requests, limits) = (spec.requests.unwrap_or_default(), spec.limits.unwrap_or_default());
        let text = |first: &Option<Quantity>, second: &Option<Quantity>, default: &str| {
            first.as_ref().or(second.as_ref()).map_or_else(|| default.to_owned(), |Quantity(text)| text.clone())
        };
        Self {
            cpu_request: text(&requests.cpu, &limits.cpu, default.cpu),
            memory_request: text(&requests.memory, &limits.memory, default.memory),
            memory_limit: text(&limits.memory, &requests.memory, default.memory_limit),
            cpu_limit: limits.cpu.map(|Quantity(text)| text),
        }
    }
}

impl From<SchedulingSpec> for ResolvedScheduling {
    fn from(spec: SchedulingSpec) -> Self {
        Self {
            node_selector: spec.node_selector.unwrap_or_default(),
            tolerations: spec.tolerations.iter().flatten().map(Toleration::from).collect(),
            affinity: spec.affinity,
            priority_class_name: spec.priority_class_name,
            topology_spread: spec.topology_spread.unwrap_or_default(),
        }
    }
}
