//! The pods of each role: rendered, and held back where a newer release waits.

use std::collections::BTreeMap;

use confab_crds::tenant::UpdateStrategy;
use confab_crds::tenant::resolved::{ResolvedReplicas, ResolvedWorkload};
use serde_json::Value;

use super::{config, pod};
use crate::check::Dedicated;
use crate::digest;
use crate::kind::Kind;
use crate::names::{COMPONENT, Names, RENDERED, Role};
use crate::object::Object;
use crate::release::{Choice, Rendered, choose};
use crate::settings::Settings;

/// What workloads were rendered from so far, by role.
pub type Former = BTreeMap<Role, Rendered>;

/// The pods of one role.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// What they do.
    pub role: Role,
    /// How many, how large, where.
    pub spec: ResolvedWorkload,
    /// What they are rendered from.
    pub choice: Choice,
}

impl Workload {
    /// How many pods, where nothing scales them.
    pub fn replicas(&self, hibernated: bool) -> Option<i32> {
        match self.spec.replicas {
            _ if hibernated => Some(0),
            ResolvedReplicas::Fixed(count) => Some(count),
            ResolvedReplicas::Scaled { .. } => None,
        }
    }
}

/// The workloads of a tenant. None while its database is not there yet.
pub(super) fn of(tenant: &Dedicated, settings: &Settings, former: &Former) -> Vec<Workload> {
    if matches!(tenant.storage, crate::check::Storage::Pending(_)) {
        return Vec::new();
    }
    let roles = if tenant.is_embedded() {
        vec![(Role::Serve, &tenant.messaging)]
    } else {
        let presence = tenant.presence.as_ref().unwrap_or(&tenant.messaging);
        vec![(Role::Messaging, &tenant.messaging), (Role::Presence, presence)]
    };
    roles.into_iter().map(|(role, spec)| one(tenant, settings, role, spec, former.get(&role))).collect()
}

fn one(
    tenant: &Dedicated,
    settings: &Settings,
    role: Role,
    spec: &ResolvedWorkload,
    former: Option<&Rendered>,
) -> Workload {
    let config = config::text(tenant, settings, role);
    let config_name = tenant.names.config(role, &digest::short(&config));
    let template = pod::template(tenant, settings, role, spec, &config_name);
    // Whoever broke the annotation gets the present rendering.
    let former = former.filter(|former| !former.config_name.is_empty());
    let choice = hold(tenant, settings, role, former, (config_name, config), template);
    Workload { role, spec: spec.clone(), choice }
}

/// The present rendering of a role, or the former one while a newer release waits. `config`: name and text.
pub(super) fn hold(
    tenant: &Dedicated,
    settings: &Settings,
    role: Role,
    former: Option<&Rendered>,
    (config_name, config): (String, String),
    template: Value,
) -> Choice {
    let present = Rendered {
        release: settings.release.clone(),
        inputs: tenant.inputs.get(&role).cloned().unwrap_or_default(),
        config_name,
        config,
        template,
    };
    let let_in = tenant.update_strategy == UpdateStrategy::Auto || tenant.released.as_ref() == Some(&settings.release);
    choose(former.cloned(), present, let_in)
}

/// What the live workloads of a tenant were rendered from.
pub fn former<V: AsRef<Value>>(names: &Names, children: &[(Kind, V)]) -> Former {
    let of = |role: Role| {
        let name = names.role(role);
        let is_workload = |kind: Kind| matches!(kind, Kind::Deployment | Kind::StatefulSet);
        let found = children
            .iter()
            .find(|(kind, child)| is_workload(*kind) && child.as_ref()["metadata"]["name"] == name.as_str());
        Rendered::read(found?.1.as_ref()["metadata"]["annotations"][RENDERED].as_str()?)
    };
    Role::ALL.into_iter().filter_map(|role| of(role).map(|rendered| (role, rendered))).collect()
}

/// The object as it is applied beside the live one: with the number of pods where an autoscaler is about to take it over.
pub fn with_replicas(object: &Object, live: Option<&Value>, workloads: &[Workload], manager: &str) -> Object {
    let mut object = object.clone();
    let role = object.value["metadata"]["labels"][COMPONENT].as_str();
    let workload = workloads.iter().find(|workload| Some(workload.role.name()) == role);
    if object.kind == Kind::Deployment
        && object.value["spec"].get("replicas").is_none()
        && let Some(workload) = workload
        && let Some(replicas) = handed_over(workload.spec.replicas, live, manager)
    {
        object.value["spec"]["replicas"] = replicas.into();
    }
    object
}

/// `spec.replicas` where an autoscaler decides: the least at first, then the number that is there, as long as we are the one who set it. Letting go
/// of it while nobody else has set it would throw it back to 1.
pub fn handed_over(spec: ResolvedReplicas, live: Option<&Value>, manager: &str) -> Option<i32> {
    let ResolvedReplicas::Scaled { min, max, .. } = spec else { return None };
    // The first pods are as many as the autoscaler will want at least.
    let Some(live) = live else { return Some(min) };
    let entries = live["metadata"]["managedFields"].as_array()?;
    let ours = entries.iter().any(|entry| {
        entry["manager"] == manager
            && entry["operation"] == "Apply"
            && entry["fieldsV1"]["f:spec"]["f:replicas"].is_object()
    });
    if !ours {
        return None;
    }
    let there = live["spec"]["replicas"].as_i64().and_then(|count| i32::try_from(count).ok()).unwrap_or(min);
    Some(if (min..=max).contains(&there) { there } else { min })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_number_of_pods_is_handed_over_to_an_autoscaler_without_falling_to_one() {
        let scaled = ResolvedReplicas::Scaled { min: 2, max: 5, target_cpu_percent: 70 };
        let live = |replicas: i64, ours: bool| {
            let fields = if ours { json!({"f:spec": {"f:replicas": {}}}) } else { json!({"f:spec": {}}) };
            json!({"spec": {"replicas": replicas}, "metadata": {"managedFields": [
                {"manager": "confab-operator", "operation": "Apply", "fieldsV1": fields}]}})
        };
        let handed = |live: &Value| handed_over(scaled, Some(live), "confab-operator");
        assert_eq!(handed(&live(4, true)), Some(4));
        assert_eq!(handed(&live(0, true)), Some(2), "an autoscaler wakes nobody who sleeps");
        assert_eq!(handed(&live(9, true)), Some(2));
        assert_eq!(handed(&live(4, false)), None, "the autoscaler has it");
        assert_eq!(handed_over(scaled, None, "confab-operator"), Some(2));
        assert_eq!(handed_over(ResolvedReplicas::Fixed(3), Some(&live(4, true)), "confab-operator"), None);
    }
}
