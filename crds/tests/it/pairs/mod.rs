//! For every rule of the definition a tenant that keeps it and one that breaks it, and nothing else.
//!
//! `relations.rs` feeds them to the offline check, and fails when the definition has a rule that no pair breaks;
//! `server/verdicts.rs` feeds them to a real API server.

mod backing;
mod gateway;
mod identity;
mod placement;
mod storage;
mod workload;

/// A PostgreSQL and a Redis, as a Dedicated tenant with several replicas has them.
const SEVERAL: &str = "database: {postgres: {secretRef: {name: db}}}, redis: {managed: {}}";

/// Two tenants of which one breaks a rule.
pub struct Pair {
    /// Part of what is said of the break.
    pub says: String,
    /// What both were before, where the rule is about changes.
    pub was: Option<Sketch>,
    /// The tenant that keeps the rule.
    pub keeps: Sketch,
    /// The tenant that breaks it.
    pub breaks: Sketch,
}

/// A tenant whose namespace is still open.
#[derive(Clone)]
pub struct Sketch {
    name: Option<String>,
    spec: String,
}

pub fn all() -> Vec<Pair> {
    [identity::pairs(), placement::pairs(), backing::pairs(), storage::pairs(), workload::pairs(), gateway::pairs()]
        .into_iter()
        .flatten()
        .collect()
}

impl Sketch {
    /// As YAML. `name` is taken where the pair is not about names.
    pub fn document(&self, name: &str) -> String {
        let name = self.name(name);
        format!(
            "apiVersion: confab.dev/v1alpha1\nkind: ChatTenant\nmetadata: {{name: '{name}'}}\nspec: {{{}}}\n",
            self.spec
        )
    }

    /// Its own name, or this one.
    pub fn name(&self, otherwise: &str) -> String {
        self.name.clone().unwrap_or_else(|| otherwise.to_owned())
    }

    fn of(spec: &str) -> Self {
        let domain = if spec.starts_with("domain:") { "" } else { "domain: demo.example.com, " };
        Self { name: None, spec: format!("{domain}{spec}") }
    }
}

/// A pair of Shared tenants, or of tenants that say themselves where they run.
fn pair(says: &str, keeps: &str, breaks: &str) -> Pair {
    Pair { says: says.into(), was: None, keeps: Sketch::of(keeps), breaks: Sketch::of(breaks) }
}

/// A pair of changes to a tenant that was `was`.
fn change(says: &str, was: &str, keeps: &str, breaks: &str) -> Pair {
    Pair { was: Some(Sketch::of(was)), ..pair(says, keeps, breaks) }
}

/// A pair of Dedicated tenants.
fn dedicated(says: &str, keeps: &str, breaks: &str) -> Pair {
    let full = |spec: &str| format!("placement: {{mode: Dedicated}}, {spec}");
    pair(says, &full(keeps), &full(breaks))
}

/// A pair of changes to a Dedicated tenant.
fn dedicated_change(says: &str, was: &str, keeps: &str, breaks: &str) -> Pair {
    let was = Sketch::of(&format!("placement: {{mode: Dedicated}}, {was}"));
    Pair { was: Some(was), ..dedicated(says, keeps, breaks) }
}

/// A pair whose tenants differ in their names.
fn names(says: &str, keeps: &str, breaks: &str) -> Pair {
    let named = |name: &str| Sketch { name: Some(name.into()), ..Sketch::of("hibernated: false") };
    Pair { says: says.into(), was: None, keeps: named(keeps), breaks: named(breaks) }
}
