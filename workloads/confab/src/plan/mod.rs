//! `confab plan`: what the operator would change, and which pods would restart.
//!
//! ```text
//! tenant files ──► rendering (the operator's own functions) ──┐
//! source: cluster (kubectl) or folder ──► what is there ──────┴─► changes ──► report
//! ```

mod changes;
mod cluster;
mod folder;
mod kubectl;
mod pods;
mod report;
mod source;

use std::process::ExitCode;

use confab_crds::ChatTenant;
use confab_crds::offline::{Document, check_update};
use confab_crds::tenant::resolved::{ResolvedPlacement, ResolvedTenant};
use confab_desired::build::workload::{former, with_replicas};
use confab_desired::build::{Former, Wanted};
use confab_desired::settings::{Capabilities, Settings};
use confab_desired::{FIELD_MANAGER, Kind, Names, Object, Stall};
use serde_json::Value;

use crate::cli::PlanArgs;
use crate::render::{operator, refuse};
use crate::rendering::guest::{self, record_text, told};
use crate::rendering::{Guest, Objects, Operator, full_name, remarks};
use crate::tenants;

use changes::Changes;
use source::Source;

/// Something differs: as kubectl has it.
const DIFFERS: u8 = 1;

/// A live object of one kind.
type Child = (Kind, Box<Value>);

/// Prints the plan; the exit code is that of `kubectl diff`.
#[expect(clippy::print_stdout, reason = "the plan is this command's output")]
pub fn run(args: &PlanArgs) -> ExitCode {
    match plans(args) {
        Ok(plans) => {
            print!("{}", report::text(&plans));
            if plans.iter().any(Plan::differs) { ExitCode::from(DIFFERS) } else { ExitCode::SUCCESS }
        }
        Err(problems) => refuse(&problems),
    }
}

/// What would become of one tenant.
pub(crate) struct Plan {
    /// `namespace/name`.
    name: String,
    /// Where it is compared with, for headings.
    place: String,
    /// Objects that would change.
    changes: Changes,
    /// What its pods are told of it: now and then.
    told: Option<(String, String)>,
    /// Who is told.
    listener: String,
    /// Which pods would start, restart, leave or wait.
    pods: Vec<String>,
    /// What is worth knowing beside that.
    notes: Vec<String>,
}

impl Plan {
    fn differs(&self) -> bool {
        self.changes.differ() || self.told.is_some()
    }
}

fn plans(args: &PlanArgs) -> Result<Vec<Plan>, Vec<String>> {
    let operator = operator(&args.rendering)?;
    let documents = tenants::read(&args.rendering.files)?;
    let all: Vec<ChatTenant> = documents.iter().map(|document| (**document).clone()).collect();
    let source = Source::open(args).map_err(|problem| vec![problem])?;
    let planner =
        Planner { operator: &operator, all: &all, source: &source, capabilities: args.rendering.capabilities() };
    let (mut plans, mut problems) = (Vec::new(), Vec::new());
    for document in &documents {
        match planner.plan(document) {
            Ok(plan) => plans.push(plan),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(plans) } else { Err(problems) }
}

struct Planner<'a> {
    operator: &'a Operator,
    all: &'a [ChatTenant],
    source: &'a Source,
    capabilities: Option<Capabilities>,
}

impl Planner<'_> {
    fn plan(&self, document: &Document) -> Result<Plan, Vec<String>> {
        let resolved = document.resolved();
        let name = full_name(&resolved);
        let problem = |text: String| vec![format!("{name}: {text}")];
        let live = self.source.tenant(&resolved).map_err(problem)?;
        if let Some(live) = &live {
            let refused = |problems: Vec<_>| problems.iter().map(ToString::to_string).collect::<Vec<_>>();
            check_update(live, document).map_err(refused)?;
        }
        let tenant = as_applied(document, live.as_ref());
        let mut plan = self.empty(&resolved, &name);
        if resolved.paused {
            return Ok(plan);
        }
        plan.told = self.told(&tenant, live.as_ref()).map_err(|stall| problem(stall.message))?;
        match &resolved.placement {
            ResolvedPlacement::Shared { .. } => self.guest(&tenant, &resolved, &mut plan),
            ResolvedPlacement::Dedicated(_) => self.dedicated(&tenant, &resolved, &mut plan),
        }
        .map_err(problem)?;
        Ok(plan)
    }

    fn empty(&self, resolved: &ResolvedTenant, name: &str) -> Plan {
        Plan {
            name: name.to_owned(),
            place: self.source.name(),
            changes: Changes::default(),
            told: None,
            listener: "its pods are".to_owned(),
            pods: Vec::new(),
            notes: remarks(resolved),
        }
    }

    /// What the pods that serve the tenant know of it, and what they would be told, if that is something else.
    fn told(&self, tenant: &ChatTenant, live: Option<&ChatTenant>) -> Result<Option<(String, String)>, Stall> {
        let after = record_text(&told(tenant)?);
        let before = match live {
            Some(live) => record_text(&told(live)?),
            // A folder holds objects alone.
            None if self.source.knows_tenants() => String::new(),
            None => return Ok(None),
        };
        Ok((before != after).then_some((before, after)))
    }

    fn guest(&self, tenant: &ChatTenant, resolved: &ResolvedTenant, plan: &mut Plan) -> Result<(), String> {
        let (Guest { host, .. }, notes) = match guest::host_of(resolved, self.operator) {
            Some(host) if self.source.knows_tenants() => {
                let (view, notes) = self.source.host(resolved, &host)?;
                match view {
                    Some(view) => (guest::checked(tenant, &view).map_err(|stall| stall.message)?, notes),
                    None => (guest::offline(tenant, &[], self.operator).map_err(|stall| stall.message)?.0, notes),
                }
            }
            _ => guest::offline(tenant, self.all, self.operator).map_err(|stall| stall.message)?,
        };
        let host = host.map(|host| format!("{}/{}", host.namespace, host.name));
        plan.listener = format!("the pods of {} are", host.as_deref().unwrap_or("its host"));
        plan.notes.push("it is Shared and has no object".to_owned());
        plan.notes.extend(notes);
        Ok(())
    }

    fn dedicated(&self, tenant: &ChatTenant, resolved: &ResolvedTenant, plan: &mut Plan) -> Result<(), String> {
        let capabilities = self.source.capabilities().or(self.capabilities);
        let mut settings = self.operator.settings_with(capabilities, resolved);
        let (references, notes) = self.source.references(resolved)?;
        plan.notes.extend(notes);
        let mut children = self.source.children(resolved, settings.capabilities)?;
        let former = former(&Names::new(&resolved.name), &children);
        let keys = know_keys(&mut settings, &former);
        plan.notes.extend(keys.filter(|_| self.source.knows_tenants()));
        let stalled = |stall: Stall| stall.message;
        let objects = Objects::of(tenant, &references, &settings, &former).map_err(stalled)?;
        let released = Objects::of(tenant, &references, &settings, &Former::new()).map_err(stalled)?;
        children.extend(self.source.others(resolved, &objects.wanted.objects, &children)?);
        let secrets = self.source.secrets(resolved, &objects.wanted)?;
        let wanted = as_applied_first(&objects.wanted, &children);
        plan.pods = pods::effects(&objects, &released, &wanted, &children, self.source.is_owned());
        let known = |object: &&Object| !secrets.unknown.contains(&object.name);
        let secret_objects = objects.wanted.secrets.iter().map(|secret| &secret.object).filter(known).cloned();
        let mut wanted: Vec<Object> = wanted.into_iter().chain(secret_objects).collect();
        wanted.sort_by_key(|object| Kind::ALL.iter().position(|kind| *kind == object.kind));
        if !secrets.unknown.is_empty() {
            plan.notes.push(format!("Secrets that the operator makes may not be read: {}", secrets.unknown.join(", ")));
        }
        children.extend(secrets.found);
        plan.changes = Changes::between(&wanted, &children, self.source.is_owned())?;
        Ok(())
    }
}

/// The tenant as it would be in the cluster once it is applied: with uid, generation and annotations of the one that is there.
fn as_applied(document: &Document, live: Option<&ChatTenant>) -> ChatTenant {
    let mut tenant: ChatTenant = (**document).clone();
    let Some(live) = live else { return tenant };
    tenant.metadata.uid.clone_from(&live.metadata.uid);
    tenant.metadata.generation = live.metadata.generation;
    tenant.metadata.creation_timestamp.clone_from(&live.metadata.creation_timestamp);
    let mut annotations = live.metadata.annotations.clone().unwrap_or_default();
    annotations.extend(tenant.metadata.annotations.take().unwrap_or_default());
    tenant.metadata.annotations = Some(annotations);
    tenant
}

/// The objects as they would be sent: with the number of pods where an autoscaler is about to take it over.
fn as_applied_first(wanted: &Wanted, children: &[Child]) -> Vec<Object> {
    let live = |object: &Object| find(children, object.kind, &object.name);
    wanted.objects.iter().map(|object| with_replicas(object, live(object), &wanted.workloads, FIELD_MANAGER)).collect()
}

/// The live object of that kind and name.
fn find<'a>(children: &'a [Child], kind: Kind, name: &str) -> Option<&'a Value> {
    let mut found = children.iter().filter(|(known, child)| *known == kind && child["metadata"]["name"] == name);
    found.next().map(|(_, child)| child.as_ref())
}

/// Keys of the operator that were not given are those that the pods know already: the operator has its own, which nobody else
/// can know.
fn know_keys(settings: &mut Settings, former: &Former) -> Option<String> {
    if !settings.operator_keys.is_empty() {
        return None;
    }
    let config = former.values().find_map(|rendered| yaml_serde::from_str::<Value>(&rendered.config).ok());
    let keys = config.map(|config| config["admin"]["operator_keys"].clone());
    settings.operator_keys = keys.and_then(|keys| serde_json::from_value(keys).ok()).unwrap_or_default();
    let none = settings.operator_keys.is_empty();
    none.then(|| {
        "the operator adds the public half of its own key, so that ConfigMaps will have other names".to_owned()
    })
}
