//! Messaging and presence: pods without a volume, replaced one by one with another beside it first.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

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
    let deployment = Deployment {
        metadata,
        spec: Some(DeploymentSpec {
            replicas: workload.replicas(tenant.hibernated),
            revision_history_limit: Some(3),
            selector: LabelSelector { match_labels: Some(tenant.names.selector(role)), ..LabelSelector::default() },
            strategy: Some(DeploymentStrategy {
                type_: Some("RollingUpdate".to_owned()),
                rolling_update: Some(RollingUpdateDeployment {
                    max_surge: Some(IntOrString::Int(1)),
                    max_unavailable: Some(IntOrString::Int(0)),
                }),
            }),
            template: PodTemplateSpec::default(),
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    };
    let mut object = Object::new(Kind::Deployment, &deployment);
    object.value["spec"]["template"] = rendered.template.clone();
    object
}
