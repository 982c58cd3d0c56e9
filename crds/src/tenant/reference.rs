//! Names of other objects: resources beside this one, and entries of Secrets.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::{DNS_LABEL, DNS_NAME};
use crate::schema::plain_properties;

/// What Kubernetes accepts as a key of a Secret.
pub(crate) const SECRET_KEY: &str = "^[-._a-zA-Z0-9]+$";
/// Longest name of most objects, and longest key of a Secret.
pub(super) const OBJECT_NAME_CHARS: usize = 253;
/// Longest name of a namespace, and of what a label may hold.
pub(super) const LABEL_CHARS: usize = 63;

/// Another resource of Confab.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// Name of the resource.
    #[schemars(length(min = 1, max = LABEL_CHARS), regex(pattern = DNS_LABEL))]
    pub name: String,
    /// Its namespace. Default: the tenant's own. A resource of another namespace must allow this tenant with its
    /// `allowedTenants`; before it does, nothing there is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = LABEL_CHARS), regex(pattern = DNS_LABEL))]
    pub namespace: Option<String>,
}

/// The entry of a Secret in the tenant's own namespace that holds a URL.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct SecretRef {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = DNS_NAME))]
    pub name: String,
    /// Key of the entry that holds the URL. Default: `uri`, as CloudNativePG writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = SECRET_KEY))]
    pub key: Option<String>,
}
