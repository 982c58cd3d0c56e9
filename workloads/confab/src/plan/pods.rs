//! Which pods would start, restart, leave or wait, and why.

use confab_desired::names::RELEASE;
use confab_desired::release::Choice;
use confab_desired::{Kind, Object, Role, restart};
use serde_json::Value;

use super::changes::view;
use super::{Child, find};
use crate::rendering::Objects;

/// A line for each set of pods to which something would happen. `released` is what would be there if every release were let
/// in; `wanted` are the objects as they would be sent.
pub(super) fn effects(
    objects: &Objects,
    released: &Objects,
    wanted: &[Object],
    there: &[Child],
    is_owned: bool,
) -> Vec<String> {
    let mut lines = Vec::new();
    for (role, choice) in choices(objects) {
        let name = objects.tenant.names.role(role);
        let holder = wanted.iter().find(|object| is_holder(object.kind) && object.name == name);
        let Some(holder) = holder else { continue };
        let live = find(there, holder.kind, &name).map(|live| view(holder, live, is_owned));
        lines.extend(number(role, holder, live.as_ref()));
        let sleeps = objects.tenant.hibernated;
        if let Some(live) = live.filter(|_| !sleeps) {
            lines.extend(restarts(role, &live["spec"]["template"], &holder.value["spec"]["template"]));
        }
        let present = choices(released).find(|(known, _)| *known == role).map(|(_, choice)| choice);
        lines.extend(present.and_then(|present| waits(role, choice, present)));
    }
    let gone = there.iter().filter(|(kind, child)| {
        is_holder(*kind)
            && !wanted.iter().any(|object| object.kind == *kind && child["metadata"]["name"] == object.name.as_str())
    });
    lines.extend(gone.map(|(kind, child)| {
        let name = child["metadata"]["name"].as_str().unwrap_or_default();
        format!("pods of {} {name} leave", kind.spelling().kind)
    }));
    lines
}

fn is_holder(kind: Kind) -> bool {
    matches!(kind, Kind::Deployment | Kind::StatefulSet)
}

fn choices(objects: &Objects) -> impl Iterator<Item = (Role, &Choice)> {
    let workloads = objects.wanted.workloads.iter().map(|workload| (workload.role, &workload.choice));
    workloads.chain(objects.wanted.redis.iter().map(|choice| (Role::Redis, choice)))
}

/// How many pods there would be, where that changes.
fn number(role: Role, holder: &Object, live: Option<&Value>) -> Option<String> {
    let role = role.name();
    let count = |value: &Value| value["spec"]["replicas"].as_i64();
    match (live, count(&holder.value)) {
        (None, Some(0)) | (Some(_), None) => None,
        (None, wanted) => Some(format!("pods of {role} start: {}", wanted.unwrap_or(1))),
        (Some(live), Some(wanted)) => {
            let there = count(live).unwrap_or(1);
            match wanted {
                0 if there > 0 => Some(format!("pods of {role} leave: the tenant is hibernated, and its data stay")),
                wanted if wanted != there => Some(format!("pods of {role}: {there} → {wanted}")),
                _ => None,
            }
        }
    }
}

fn restarts(role: Role, live: &Value, wanted: &Value) -> Option<String> {
    let reasons = restart::why(live, wanted);
    let how = if role == Role::Serve { "" } else { ", one after the other" };
    (!reasons.is_empty()).then(|| format!("pods of {} restart{how}: {}", role.name(), reasons.join("; ")))
}

fn waits(role: Role, choice: &Choice, present: &Choice) -> Option<String> {
    let Choice::Former(former) = choice else { return None };
    let present = present.rendered();
    let reasons = restart::why(&former.template, &present.template).join("; ");
    let (role, running, release) = (role.name(), &former.release, &present.release);
    Some(format!(
        "pods of {role} wait for release {release} and run {running} meanwhile: {reasons}. Let it in with annotation {RELEASE}: \"{release}\", or with spec.updateStrategy: Auto"
    ))
}
