//! The single process on an embedded database. A StatefulSet never runs two of its pod at once, which SQLite could not bear.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetSpec, StatefulSetUpdateStrategy};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::workload::Workload;
use crate::check::Dedicated;
use crate::kind::Kind;
use crate::names::RENDERED;
use crate::object::{Fate, Object};

pub(super) fn build(tenant: &Dedicated, workload: &Workload) -> Object {
    let role = workload.role;
    let rendered = workload.choice.rendered();
    let mut metadata =
        tenant.owner.metadata(tenant.names.role(role), tenant.names.labels(Some(role)), Fate::GoesWithTenant);
    metadata.annotations = Some(BTreeMap::from([(RENDERED.to_owned(), rendered.annotation())]));
    let set = StatefulSet {
        metadata,
        spec: Some(StatefulSetSpec {
            replicas: Some(i32::from(!tenant.hibernated)),
            revision_history_limit: Some(3),
            service_name: Some(tenant.names.pods(role)),
            selector: LabelSelector { match_labels: Some(tenant.names.selector(role)), ..LabelSelector::default() },
            update_strategy: Some(StatefulSetUpdateStrategy {
                type_: Some("RollingUpdate".to_owned()),
                ..StatefulSetUpdateStrategy::default()
            }),
            template: PodTemplateSpec::default(),
            ..StatefulSetSpec::default()
        }),
        ..StatefulSet::default()
    };
    let mut object = Object::new(Kind::StatefulSet, &set);
    object.value["spec"]["template"] = rendered.template.clone();
    object
}
