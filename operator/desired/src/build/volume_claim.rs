//! The volume of an embedded database. It is claimed apart from the StatefulSet, so that it can grow: a StatefulSet's own claim
//! templates never change.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::fate_of_data;
use crate::check::{Dedicated, Storage};
use crate::kind::Kind;
use crate::names::Role;
use crate::object::Object;
use crate::quantity::canonical;

pub(super) fn build(tenant: &Dedicated) -> Option<Object> {
    let Storage::Embedded(storage) = &tenant.storage else { return None };
    let labels = tenant.names.labels(Some(Role::Serve));
    let claim = PersistentVolumeClaim {
        metadata: tenant.owner.metadata(tenant.names.data(), labels, fate_of_data(tenant)),
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            resources: Some(VolumeResourceRequirements {
                requests: Some(BTreeMap::from([("storage".to_owned(), Quantity(canonical(&storage.size)))])),
                ..VolumeResourceRequirements::default()
            }),
            storage_class_name: storage.storage_class_name.clone(),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    };
    Some(Object::new(Kind::PersistentVolumeClaim, &claim))
}
