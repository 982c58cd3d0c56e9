//! At most one pod of a role is taken away at once. A single pod may be: a drain of its node must not wait for ever.

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::workload::Workload;
use crate::check::Dedicated;
use crate::kind::Kind;
use crate::object::{Fate, Object};

pub(super) fn build(tenant: &Dedicated, workloads: &[Workload]) -> Vec<Object> {
    workloads.iter().map(|workload| one(tenant, workload)).collect()
}

fn one(tenant: &Dedicated, workload: &Workload) -> Object {
    let role = workload.role;
    let labels = tenant.names.labels(Some(role));
    let budget = PodDisruptionBudget {
        metadata: tenant.owner.metadata(tenant.names.role(role), labels, Fate::GoesWithTenant),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(LabelSelector {
                match_labels: Some(tenant.names.selector(role)),
                ..LabelSelector::default()
            }),
            // A pod that is not ready protects nobody.
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..PodDisruptionBudgetSpec::default()
        }),
        ..PodDisruptionBudget::default()
    };
    Object::new(Kind::PodDisruptionBudget, &budget)
}
