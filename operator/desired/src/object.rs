//! A desired object: a Kubernetes object as data, with its kind.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde::Serialize;
use serde_json::Value;

use crate::kind::Kind;

/// An object that is wanted in the tenant's namespace.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// All that we say about it, with `apiVersion` and `kind` and without a null: what is sent as it is.
    pub value: Value,
}

impl Object {
    /// From a typed object. Its kind comes from `kind`, since not all our types know theirs.
    ///
    /// # Panics
    ///
    /// Never: a Kubernetes object is plain data.
    pub fn new(kind: Kind, typed: &impl Serialize) -> Self {
        let mut value = serde_json::to_value(typed).expect("a Kubernetes object is plain data with text keys");
        drop_nulls(&mut value);
        let spelling = kind.spelling();
        value["apiVersion"] = spelling.api_version().into();
        value["kind"] = spelling.kind.into();
        let name = value["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        Self { kind, name, value }
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        self.value["metadata"]["namespace"].as_str().unwrap_or_default()
    }
}

/// `null` would be a wish to remove a field, and an owned one in `managedFields`.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, member| !member.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(list) => list.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// Whether an object goes when its tenant does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The garbage collector removes it after its owner.
    GoesWithTenant,
    /// It stays, for whoever wants the data.
    Stays,
}

/// The tenant as an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Its namespace: that of all its objects.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid; empty offline, where there is none.
    pub uid: String,
}

impl Owner {
    /// Metadata of an object of this tenant.
    pub fn metadata(&self, name: String, labels: BTreeMap<String, String>, fate: Fate) -> ObjectMeta {
        ObjectMeta {
            name: Some(name),
            namespace: Some(self.namespace.clone()),
            labels: Some(labels),
            owner_references: self.reference().filter(|_| fate == Fate::GoesWithTenant).map(|owner| vec![owner]),
            ..ObjectMeta::default()
        }
    }

    /// The reference that ties an object to the tenant. Offline there is no uid to refer to.
    pub fn reference(&self) -> Option<OwnerReference> {
        (!self.uid.is_empty()).then(|| OwnerReference {
            api_version: "confab.dev/v1alpha1".to_owned(),
            kind: "ChatTenant".to_owned(),
            name: self.name.clone(),
            uid: self.uid.clone(),
            controller: Some(true),
            block_owner_deletion: Some(true),
        })
    }
}
