//! A live cluster, as far as the user may read it.

use std::collections::BTreeMap;

use confab_crds::ChatTenant;
use confab_crds::tenant::resolved::{ResolvedRef, ResolvedTenant};
use confab_desired::build::Wanted;
use confab_desired::build::secret::Recipe;
use confab_desired::check::HostView;
use confab_desired::kind::Spelling;
use confab_desired::names::{FIELD_MANAGER, INSTANCE, MANAGED_BY};
use confab_desired::settings::Capabilities;
use confab_desired::{Kind, Object, References};
use serde_json::{Value, json};

use super::Child;
use super::kubectl::{Kubectl, KubectlError};
use super::source::Secrets;
use crate::rendering::guest::by_labels;

/// As `kubectl get` has it.
const TENANTS: &str = "chattenants.confab.dev";

/// A live cluster.
pub(super) struct Cluster {
    kubectl: Kubectl,
    /// What it knows: `deployments.apps`, …
    resources: Vec<String>,
}

impl Cluster {
    pub(super) fn open(kubectl: Kubectl) -> Result<Self, String> {
        let resources = kubectl.resources().map_err(text)?;
        Ok(Self { kubectl, resources })
    }

    pub(super) fn capabilities(&self) -> Capabilities {
        let has = |kind: Kind| self.resources.contains(&resource(kind.spelling()));
        Capabilities {
            cloud_native_pg: has(Kind::Cluster),
            cert_manager: has(Kind::Certificate),
            gateway_api: has(Kind::HttpRoute),
            service_monitor: has(Kind::ServiceMonitor),
        }
    }

    pub(super) fn tenant(&self, namespace: &str, name: &str) -> Result<Option<ChatTenant>, String> {
        if !self.resources.iter().any(|known| known == TENANTS) {
            return Err(
                "the cluster does not know ChatTenants: install the definition and the operator first".to_owned()
            );
        }
        self.read_tenant(namespace, name).map_err(text)?.transpose().map_err(|error| {
            format!("the ChatTenant {namespace}/{name} in the cluster is of another version of its definition: {error}")
        })
    }

    fn read_tenant(&self, namespace: &str, name: &str) -> Result<Option<serde_json::Result<ChatTenant>>, KubectlError> {
        let found = self.kubectl.get(&[TENANTS, name, "-n", namespace])?;
        Ok(found.into_iter().next().map(serde_json::from_value))
    }

    /// Secrets that the spec names. Whoever may not read them gets a plan by what is usual.
    pub(super) fn references(&self, tenant: &ResolvedTenant) -> Result<(References, Vec<String>), String> {
        let mut secrets: BTreeMap<String, Box<Value>> = BTreeMap::new();
        for name in References::secrets(tenant) {
            match self.kubectl.get(&["secret", &name, "-n", &tenant.namespace]) {
                Ok(found) => secrets.extend(found.into_iter().next().map(|secret| (name, Box::new(secret)))),
                Err(KubectlError::Forbidden { .. }) => {
                    let note = format!(
                        "Secret {name} may not be read: it is taken to be there, with a server at its usual port"
                    );
                    return Ok((References::assumed(), vec![note]));
                }
                Err(error) => return Err(text(error)),
            }
        }
        Ok((References::found(tenant, &secrets), Vec::new()))
    }

    pub(super) fn children(&self, tenant: &ResolvedTenant, capabilities: Capabilities) -> Result<Vec<Child>, String> {
        let kinds = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Secret && capabilities.has(*kind));
        let resources: Vec<String> = kinds.map(|kind| resource(kind.spelling())).collect();
        let selector = format!("{MANAGED_BY}={FIELD_MANAGER},{INSTANCE}={}", tenant.name);
        let found = self.kubectl.get(&[&resources.join(","), "-n", &tenant.namespace, "-l", &selector]);
        Ok(children(found.map_err(text)?))
    }

    pub(super) fn others(
        &self,
        tenant: &ResolvedTenant,
        wanted: &[Object],
        found: &[Child],
    ) -> Result<Vec<Child>, String> {
        let missing = wanted.iter().filter(|object| super::find(found, object.kind, &object.name).is_none());
        let names: Vec<String> =
            missing.map(|object| format!("{}/{}", resource(object.kind.spelling()), object.name)).collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut arguments: Vec<&str> = names.iter().map(String::as_str).collect();
        arguments.extend(["-n", &tenant.namespace]);
        Ok(children(self.kubectl.get(&arguments).map_err(text)?))
    }

    /// The metadata of the Secrets that the operator makes. A master key that is gone although the tenant has run is not made
    /// anew.
    pub(super) fn secrets(&self, tenant: &ResolvedTenant, wanted: &Wanted) -> Result<Secrets, String> {
        let live = self.tenant(&tenant.namespace, &tenant.name)?;
        let had_data = live.and_then(|live| live.status).is_some_and(|status| status.version.is_some());
        let mut secrets = Secrets::default();
        for secret in &wanted.secrets {
            let name = &secret.object.name;
            match self.kubectl.secret_metadata(&tenant.namespace, name) {
                Ok(Some(metadata)) => {
                    let object = json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata});
                    secrets.found.push((Kind::Secret, Box::new(object)));
                }
                Ok(None) if had_data && secret.recipe == Recipe::MasterKey => return Err(key_is_gone(name)),
                Ok(None) => {}
                Err(KubectlError::Forbidden { .. }) => secrets.unknown.push(name.clone()),
                Err(error) => return Err(text(error)),
            }
        }
        Ok(secrets)
    }

    pub(super) fn host(
        &self,
        guest: &ResolvedTenant,
        host: &ResolvedRef,
    ) -> Result<(Option<HostView>, Vec<String>), String> {
        let shown = format!("{}/{}", host.namespace, host.name);
        let resolved = match self.read_tenant(&host.namespace, &host.name) {
            Ok(found) => {
                found.transpose().map_err(|error| format!("host {shown}: {error}"))?.map(|host| host.resolved())
            }
            Err(KubectlError::Forbidden { .. }) => {
                let note = format!("host {shown} may not be read: whether it admits the tenant is not checked");
                return Ok((None, vec![note]));
            }
            Err(error) => return Err(text(error)),
        };
        let mut view = HostView { host: Some(host.clone()), resolved, namespace_labels: BTreeMap::new() };
        if view.resolved.as_ref().is_some_and(by_labels) {
            match self.kubectl.get(&["namespace", &guest.namespace]) {
                Ok(found) => {
                    let labels = found.first().map(|namespace| namespace["metadata"]["labels"].clone());
                    view.namespace_labels =
                        labels.and_then(|labels| serde_json::from_value(labels).ok()).unwrap_or_default();
                }
                Err(KubectlError::Forbidden { .. }) => {
                    let note = format!(
                        "the labels of namespace {} may not be read: whether host {shown} admits it is not checked",
                        guest.namespace
                    );
                    return Ok((None, vec![note]));
                }
                Err(error) => return Err(text(error)),
            }
        }
        Ok((Some(view), Vec::new()))
    }
}

fn key_is_gone(secret: &str) -> String {
    format!(
        "Secret {secret} with the master key is gone, and the operator makes no new one, which would open nothing: restore it from a backup"
    )
}

/// `deployments.apps`; of the core, the plural alone.
fn resource(spelling: Spelling) -> String {
    if spelling.group.is_empty() {
        spelling.plural.to_owned()
    } else {
        format!("{}.{}", spelling.plural, spelling.group)
    }
}

fn children(found: Vec<Value>) -> Vec<Child> {
    let kind = |object: &Value| Kind::find(object["apiVersion"].as_str()?, object["kind"].as_str()?);
    found.into_iter().filter_map(|object| Some((kind(&object)?, Box::new(object)))).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn text(error: KubectlError) -> String {
    error.to_string()
}
