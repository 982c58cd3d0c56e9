//! What is wrong with a file, where, and which rule says so.

use std::fmt;

/// One thing to mend. `Display` gives `tenant.yaml:7:12: spec.domain: must be …`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    /// The file, as the caller named it.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
    /// The field, such as `spec.limits.regular.requests`; empty where no field is meant.
    pub path: String,
    /// What was broken.
    pub rule: BrokenRule,
    /// What is wrong and what to do, on one line and without any secret.
    pub message: String,
}

/// What a [`Problem`] was found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrokenRule {
    /// The text is no YAML, or more of it than is read.
    Yaml,
    /// The document is no `ChatTenant`.
    Kind,
    /// A keyword of the schema, such as `pattern`; `unknownField` for a field that the schema lacks.
    Schema(&'static str),
    /// A CEL rule of the schema, as it is written there.
    Cel(String),
    /// Two tenants that cannot be served together.
    Unique(&'static str),
}

impl BrokenRule {
    /// Whether Kubernetes evaluates no CEL rule on an object with this fault, since rules may rely on what it breaks.
    pub(super) fn hides_rules(&self) -> bool {
        let blocking = ["type", "required", "enum", "maxLength", "maxItems", "maxProperties", "unique"];
        matches!(self, Self::Schema(keyword) if blocking.contains(keyword))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}", self.message)?;
        match &self.rule {
            BrokenRule::Cel(rule) => write!(f, " (rule: {rule})"),
            _ => Ok(()),
        }
    }
}
