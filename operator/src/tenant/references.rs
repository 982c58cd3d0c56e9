//! Reads what the spec refers to: single Secrets of the tenant's own namespace, by name. Values stay here.

use std::collections::BTreeMap;

use confab_crds::tenant::resolved::ResolvedTenant;
use confab_desired::{Kind, References};

use super::context::Context;
use super::failure::Failure;
use crate::cluster::apply::find;
use crate::world::Key;

/// Gathers everything that a tenant with pods of its own refers to.
pub(super) async fn gather(tenant: &ResolvedTenant, context: &Context) -> Result<References, Failure> {
    let mut secrets = BTreeMap::new();
    for name in References::secrets(tenant) {
        let key = Key { namespace: tenant.namespace.clone(), name };
        let found = find(&context.client, Kind::Secret, &key).await;
        let found = found.map_err(Failure::cluster(format!("read Secret {}", key.name)))?;
        secrets.extend(found.map(|secret| (key.name, secret)));
    }
    Ok(References::found(tenant, &secrets))
}
