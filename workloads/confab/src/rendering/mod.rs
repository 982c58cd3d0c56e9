//! What the operator would make of tenants: by its own functions, without a cluster.

pub mod document;
pub mod guest;
pub mod operator;
pub mod secret;

use confab_crds::ChatTenant;
use confab_crds::tenant::resolved::{Database, ResolvedPlacement, ResolvedRedis, ResolvedReplicas, ResolvedTenant};
use confab_desired::build::{Former, Wanted, objects};
use confab_desired::check::{HostView, capable, check, unsupported};
use confab_desired::settings::{Capabilities, Settings};
use confab_desired::{Checked, Dedicated, Kind, Object, References, Stall};

pub use guest::Guest;
pub use operator::Operator;

/// A tenant, and what becomes of it.
#[derive(Debug, Clone)]
pub struct Rendering {
    /// `namespace/name`.
    pub name: String,
    /// What becomes of it.
    pub outcome: Outcome,
    /// What is worth knowing beside that.
    pub notes: Vec<String>,
}

/// What becomes of a tenant.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Objects in its namespace.
    Objects(Box<Objects>),
    /// Rows in the database of a host.
    Guest(Box<Guest>),
}

/// The objects of a tenant with pods of its own.
#[derive(Debug, Clone)]
pub struct Objects {
    /// Its checked form.
    pub tenant: Dedicated,
    /// What its namespace should hold.
    pub wanted: Wanted,
}

impl Objects {
    /// What its namespace should hold, if what it refers to is as given.
    pub fn of(
        tenant: &ChatTenant,
        references: &References,
        settings: &Settings,
        former: &Former,
    ) -> Result<Self, Stall> {
        let Checked::Dedicated(dedicated) = check(tenant, references, &HostView::default())? else {
            unreachable!("only a Dedicated tenant comes here")
        };
        let wanted = objects(&dedicated, settings, former);
        capable(&wanted.objects, settings.capabilities)?;
        Ok(Self { tenant: *dedicated, wanted })
    }

    /// All objects in the order in which they are applied, with what is to be said of each.
    pub fn all(&self) -> Vec<(&Object, Option<String>)> {
        let secrets = self.wanted.secrets.iter().map(|secret| (&secret.object, Some(secret::contents(&secret.recipe))));
        let mut all: Vec<_> = self.wanted.objects.iter().map(|object| (object, None)).chain(secrets).collect();
        all.sort_by_key(|(object, _)| Kind::ALL.iter().position(|kind| *kind == object.kind));
        all
    }
}

/// What becomes of these tenants, with everything that they refer to taken to be there; or every obstacle.
pub fn offline(
    tenants: &[ChatTenant],
    operator: &Operator,
    capabilities: Option<Capabilities>,
) -> Result<Vec<Rendering>, Vec<String>> {
    let (mut renderings, mut problems) = (Vec::new(), Vec::new());
    for tenant in tenants {
        let resolved = tenant.resolved();
        let name = full_name(&resolved);
        let outcome = match &resolved.placement {
            ResolvedPlacement::Dedicated(_) => {
                let settings = operator.settings_with(capabilities, &resolved);
                let objects = Objects::of(tenant, &References::assumed(), &settings, &Former::new());
                objects.map(|objects| (Outcome::Objects(Box::new(objects)), assumptions(&resolved, &settings)))
            }
            ResolvedPlacement::Shared { .. } => {
                guest::offline(tenant, tenants, operator).map(|(guest, notes)| (Outcome::Guest(Box::new(guest)), notes))
            }
        };
        match outcome {
            Ok((outcome, mut notes)) => {
                notes.splice(0..0, remarks(&resolved));
                renderings.push(Rendering { name, outcome, notes });
            }
            Err(stall) => problems.push(format!("{name}: {}", stall.message)),
        }
    }
    if problems.is_empty() { Ok(renderings) } else { Err(problems) }
}

/// `namespace/name`.
pub fn full_name(tenant: &ResolvedTenant) -> String {
    format!("{}/{}", tenant.namespace, tenant.name)
}

/// What holds wherever the tenant is rendered.
pub fn remarks(tenant: &ResolvedTenant) -> Vec<String> {
    let mut remarks = Vec::new();
    if tenant.paused {
        remarks.push("spec.paused is true: the operator changes nothing until it is false again".to_owned());
    }
    let fields = unsupported(tenant);
    if !fields.is_empty() {
        remarks.push(format!("{} has no effect in this version: no workload serves it yet", fields.join(", ")));
    }
    remarks
}

/// What only a cluster knows, and what is taken for it.
fn assumptions(tenant: &ResolvedTenant, settings: &Settings) -> Vec<String> {
    let Some(pods) = tenant.placement.dedicated() else { return Vec::new() };
    let mut notes = Vec::new();
    if settings.operator_keys.is_empty() {
        notes.push(
            "operator_keys is empty: the operator adds the public half of its own key, so that its ConfigMaps have other names"
                .to_owned(),
        );
    }
    let port = |secret: &str, server: &str, port: u16| {
        format!("the {server} of Secret {secret} is taken to listen at port {port}; the operator reads it there")
    };
    match &pods.database {
        Database::Postgres(postgres) => notes.push(port(&postgres.url.name, "database", 5432)),
        Database::CloudNativePg(_) => notes.push("pods are started when the Cluster is there".to_owned()),
        Database::Embedded(_) => {}
    }
    if let Some(ResolvedRedis::Url(url)) = &pods.redis {
        notes.push(port(&url.name, "Redis", 6379));
    }
    let workloads = [Some(&pods.messaging), pods.presence.as_ref()];
    for (name, workload) in ["messaging", "presence"].into_iter().zip(workloads) {
        if let Some(ResolvedReplicas::Scaled { min, .. }) = workload.map(|workload| workload.replicas) {
            notes.push(format!("{name} starts with {min} pods; from then on its HorizontalPodAutoscaler decides"));
        }
    }
    notes
}
