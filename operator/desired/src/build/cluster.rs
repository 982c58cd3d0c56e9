//! A PostgreSQL of CloudNativePG. Shape: <https://cloudnative-pg.io/documentation/current/cloudnative-pg.v1/>.

use confab_crds::tenant::resolved::ResolvedCloudNativePg;
use serde_json::json;

use super::fate_of_data;
use super::pod::plain;
use crate::check::Dedicated;
use crate::kind::Kind;
use crate::object::Object;
use crate::quantity::canonical;

pub(super) fn build(tenant: &Dedicated, cluster: &ResolvedCloudNativePg) -> Object {
    let labels = tenant.names.labels(None);
    let metadata = tenant.owner.metadata(tenant.names.database(), labels, fate_of_data(tenant));
    let image = cluster.postgres_version.map(|version| format!("ghcr.io/cloudnative-pg/postgresql:{version}"));
    let value = json!({
        "metadata": plain(&metadata),
        "spec": {
            "instances": cluster.instances,
            "imageName": image,
            "storage": {"size": canonical(&cluster.storage.size), "storageClass": cluster.storage.storage_class_name},
            "bootstrap": {"initdb": {"database": "confab", "owner": "confab"}},
        },
    });
    Object::new(Kind::Cluster, &value)
}
