//! The Config of a role. It holds no secret: those are files of their own, which it names.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;

use super::config::CONFIG_FILE;
use super::workload::Workload;
use crate::check::Dedicated;
use crate::kind::Kind;
use crate::object::{Fate, Object};

pub(super) fn build(tenant: &Dedicated, workload: &Workload) -> Object {
    let labels = tenant.names.labels(Some(workload.role));
    let rendered = workload.choice.rendered();
    let map = ConfigMap {
        metadata: tenant.owner.metadata(rendered.config_name.clone(), labels, Fate::GoesWithTenant),
        // Its name is made of its content.
        immutable: Some(true),
        data: Some(BTreeMap::from([(CONFIG_FILE.to_owned(), rendered.config.clone())])),
        ..ConfigMap::default()
    };
    Object::new(Kind::ConfigMap, &map)
}
