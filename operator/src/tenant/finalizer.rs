//! The finalizer, held only by tenants whose deletion removes rows somewhere. All others go at once: their objects by the
//! garbage collector, their rows kept.

use confab_crds::ChatTenant;
use confab_desired::names::FINALIZER;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::context::Context;
use super::failure::Failure;

/// Makes the tenant have it or not.
pub(super) async fn keep(tenant: &ChatTenant, wanted: bool, context: &Context) -> Result<(), Failure> {
    let present = tenant.metadata.finalizers.clone().unwrap_or_default();
    if present.iter().any(|finalizer| finalizer == FINALIZER) == wanted {
        return Ok(());
    }
    let mut finalizers: Vec<String> = present.into_iter().filter(|finalizer| finalizer != FINALIZER).collect();
    if wanted {
        finalizers.push(FINALIZER.to_owned());
    }
    let metadata = &tenant.metadata;
    // With the version that was looked at: somebody else may hold finalizers, too.
    let patch = json!({"metadata": {"finalizers": finalizers, "resourceVersion": metadata.resource_version}});
    let namespace = metadata.namespace.as_deref().unwrap_or_default();
    let api: Api<ChatTenant> = Api::namespaced(context.client.clone(), namespace);
    let name = metadata.name.as_deref().unwrap_or_default();
    match api.patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await {
        Ok(_) => Ok(()),
        // Gone already.
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(Failure::cluster("change the finalizer")(error)),
    }
}
