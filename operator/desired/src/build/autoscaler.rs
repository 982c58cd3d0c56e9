//! More pods under load, where the spec gives a range.

use confab_crds::tenant::resolved::ResolvedReplicas;
use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, MetricSpec, MetricTarget,
    ResourceMetricSource,
};

use super::workload::Workload;
use crate::check::Dedicated;
use crate::kind::Kind;
use crate::object::{Fate, Object};

/// None sleeps and is scaled: an autoscaler would fight with zero.
pub(super) fn build(tenant: &Dedicated, workloads: &[Workload]) -> Vec<Object> {
    if tenant.hibernated || tenant.is_embedded() {
        return Vec::new();
    }
    workloads.iter().filter_map(|workload| one(tenant, workload)).collect()
}

fn one(tenant: &Dedicated, workload: &Workload) -> Option<Object> {
    let ResolvedReplicas::Scaled { min, max, target_cpu_percent } = workload.spec.replicas else { return None };
    let name = tenant.names.role(workload.role);
    let labels = tenant.names.labels(Some(workload.role));
    let scaler = HorizontalPodAutoscaler {
        metadata: tenant.owner.metadata(name.clone(), labels, Fate::GoesWithTenant),
        spec: Some(HorizontalPodAutoscalerSpec {
            min_replicas: Some(min),
            max_replicas: max,
            scale_target_ref: CrossVersionObjectReference {
                api_version: Some("apps/v1".to_owned()),
                kind: "Deployment".to_owned(),
                name,
            },
            metrics: Some(vec![MetricSpec {
                type_: "Resource".to_owned(),
                resource: Some(ResourceMetricSource {
                    name: "cpu".to_owned(),
                    target: MetricTarget {
                        type_: "Utilization".to_owned(),
                        average_utilization: Some(target_cpu_percent),
                        ..MetricTarget::default()
                    },
                }),
                ..MetricSpec::default()
            }]),
            ..HorizontalPodAutoscalerSpec::default()
        }),
        ..HorizontalPodAutoscaler::default()
    };
    Some(Object::new(Kind::HorizontalPodAutoscaler, &scaler))
}
