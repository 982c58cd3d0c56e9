//! Single writes and reads of a tenant's objects.

use std::sync::Arc;

use confab_desired::{FIELD_MANAGER, Kind, Object};
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, Preconditions};
use kube::{Api, Client};
use serde_json::Value;

use crate::world::Key;
use crate::world::watch::{kept, resource};

/// Applies an object: what it says becomes so, whoever said otherwise.
pub async fn apply(client: &Client, object: &Object) -> Result<(), kube::Error> {
    let api = api(client, object.kind, object.namespace());
    let how = PatchParams::apply(FIELD_MANAGER).force();
    api.patch(&object.name, &how, &Patch::Apply(&object.value)).await.map(drop)
}

/// Reads an object that the world does not know: a Secret, or one without our label.
pub async fn find(client: &Client, kind: Kind, key: &Key) -> Result<Option<Arc<Value>>, kube::Error> {
    Ok(api(client, kind, &key.namespace).get_opt(&key.name).await?.map(kept))
}

/// Deletes an object if it still is the one that was looked at. One that is gone already is fine.
pub async fn delete(client: &Client, kind: Kind, key: &Key, uid: &str) -> Result<(), kube::Error> {
    let preconditions = Preconditions { uid: Some(uid.to_owned()), resource_version: None };
    let how = DeleteParams::background().preconditions(preconditions);
    match api(client, kind, &key.namespace).delete(&key.name, &how).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 || status.code == 409 => Ok(()),
        Err(error) => Err(error),
    }
}

fn api(client: &Client, kind: Kind, namespace: &str) -> Api<DynamicObject> {
    Api::namespaced_with(client.clone(), namespace, &resource(kind))
}
