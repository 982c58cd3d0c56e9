//! Who may be a guest of a host: `allowedTenants` of its `ChatTenant`, as a rule that anybody can apply. Pure.

mod selector;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::selector::{LabelOperator, LabelRequirement};
use crate::config::section::in_range;
use crate::config::{Checked, ConfigProblem};

/// Who may be a guest. A host without a policy has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GuestPolicy {
    /// From which namespaces.
    pub from: GuestsFrom,
    /// With [`GuestsFrom::Selector`]: labels that the namespace has.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// With [`GuestsFrom::Selector`]: what else holds for the labels of the namespace.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<LabelRequirement>,
    /// Guests at most.
    pub max_tenants: u32,
}

/// From which namespaces guests come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum GuestsFrom {
    /// The host's own.
    #[default]
    Same,
    /// Every namespace.
    All,
    /// Those whose labels match.
    Selector,
}

impl Default for GuestPolicy {
    fn default() -> Self {
        Self {
            from: GuestsFrom::Same,
            match_labels: BTreeMap::new(),
            match_expressions: Vec::new(),
            max_tenants: Self::DEFAULT_MAX_TENANTS,
        }
    }
}

impl GuestPolicy {
    /// Guests at most, where the host names no number.
    pub const DEFAULT_MAX_TENANTS: u32 = 10_000;

    /// Whether a tenant of `guest_namespace`, which has these labels, may be a guest of a host in `host_namespace`. Selectors
    /// mean what they mean to Kubernetes; one that Kubernetes refuses admits nobody. How many guests there are is another
    /// question.
    #[must_use]
    pub fn allows(&self, host_namespace: &str, guest_namespace: &str, labels: &BTreeMap<String, String>) -> bool {
        match self.from {
            GuestsFrom::All => true,
            GuestsFrom::Same => host_namespace == guest_namespace,
            GuestsFrom::Selector => {
                let has = |(key, value): (&String, &String)| labels.get(key) == Some(value);
                self.selector_problems().is_empty()
                    && self.match_labels.iter().all(has)
                    && self.match_expressions.iter().all(|requirement| requirement.holds(labels))
            }
        }
    }

    fn selector_problems(&self) -> Vec<ConfigProblem> {
        let mut problems = selector::label_problems(&self.match_labels);
        for (index, requirement) in self.match_expressions.iter().enumerate() {
            let section = format!("match_expressions[{index}]");
            problems.extend(requirement.problems().into_iter().map(|problem| problem.inside(&section)));
        }
        problems
    }
}

impl Checked for GuestPolicy {
    fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = self.selector_problems();
        in_range(&mut problems, "max_tenants", self.max_tenants.into(), 1, 100_000);
        if self.from != GuestsFrom::Selector && !(self.match_labels.is_empty() && self.match_expressions.is_empty()) {
            problems.push(ConfigProblem::new("from", "must be Selector where labels are named"));
        }
        problems
    }
}

#[cfg(test)]
mod tests;
