//! Label selectors as Kubernetes understands them
//! (<https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::{Checked, ConfigProblem};

/// Characters of a label's name, and of its value, at most.
const NAME_CHARS: usize = 63;
/// Characters of the prefix before a label's name at most.
const PREFIX_CHARS: usize = 253;

/// One condition on labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelRequirement {
    /// The label.
    pub key: String,
    /// What must hold for it.
    pub operator: LabelOperator,
    /// With [`LabelOperator::In`] and [`LabelOperator::NotIn`]: these values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// What must hold for a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LabelOperator {
    /// It is there and has one of the values.
    In,
    /// It has none of the values, or is not there.
    NotIn,
    /// It is there.
    Exists,
    /// It is not there.
    DoesNotExist,
}

impl LabelRequirement {
    /// Whether it holds for these labels.
    pub(super) fn holds(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        let is_listed = value.is_some_and(|value| self.values.contains(value));
        match self.operator {
            LabelOperator::In => is_listed,
            LabelOperator::NotIn => !is_listed,
            LabelOperator::Exists => value.is_some(),
            LabelOperator::DoesNotExist => value.is_none(),
        }
    }
}

impl Checked for LabelRequirement {
    fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        if !is_key(&self.key) {
            problems.push(ConfigProblem::new("key", "is not a label's name"));
        }
        let needs_values = matches!(self.operator, LabelOperator::In | LabelOperator::NotIn);
        if needs_values == self.values.is_empty() {
            let problem = if needs_values { "name at least one" } else { "Exists and DoesNotExist take none" };
            problems.push(ConfigProblem::new("values", problem));
        }
        if !self.values.iter().all(|value| is_value(value)) {
            problems.push(ConfigProblem::new("values", "one of them is not a label's value"));
        }
        problems
    }
}

/// What is wrong with labels to be matched.
pub(super) fn label_problems(labels: &BTreeMap<String, String>) -> Vec<ConfigProblem> {
    let is_wrong = |(key, value): &(&String, &String)| !is_key(key) || !is_value(value);
    let problem = |(key, _): (&String, &String)| ConfigProblem::new(format!("match_labels.{key}"), "is not a label");
    labels.iter().filter(is_wrong).map(problem).collect()
}

/// `name` or `prefix/name`; the prefix is a DNS subdomain.
fn is_key(key: &str) -> bool {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    !name.is_empty() && is_value(name) && prefix.is_none_or(is_subdomain)
}

fn is_subdomain(prefix: &str) -> bool {
    let is_label = |label: &str| {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty() && label.bytes().all(allowed) && !label.starts_with('-') && !label.ends_with('-')
    };
    prefix.len() <= PREFIX_CHARS && prefix.split('.').all(is_label)
}

/// Letters, digits, `-`, `_` and `.`, with a letter or a digit at both ends; or nothing.
fn is_value(value: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_end = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_alphanumeric);
    let bytes = value.as_bytes();
    bytes.len() <= NAME_CHARS && value.bytes().all(inside) && is_end(bytes.first()) && is_end(bytes.last())
}
