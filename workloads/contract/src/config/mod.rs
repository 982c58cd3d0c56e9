//! The Config of each service: the file that a workload reads and that the operator writes by serialising this type.
//!
//! Unknown keys are refused. Every key has a default except where a service cannot guess (a database, a master key).
//! The commented default file of each service is embedded in its binary and is its documentation.

pub mod admin;
pub mod messaging;
pub mod presence;
pub mod section;
pub mod serve;
pub mod tenant;

use std::fmt;

use serde::{Deserialize, Serialize};

/// A secret inside a Config: it is written out when the Config is serialised, and never printed otherwise.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Do not log it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A setting that contradicts another or lies outside its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct ConfigProblem {
    /// Dotted path of the key.
    pub key: String,
    /// What is wrong and what to write instead.
    pub problem: String,
}

impl ConfigProblem {
    /// A problem with one key.
    pub fn new(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { key: key.into(), problem: problem.into() }
    }

    /// The same problem, seen from the section that holds the key.
    #[must_use]
    pub fn inside(mut self, section: &str) -> Self {
        self.key = format!("{section}.{}", self.key);
        self
    }
}

/// A Config, or a section of one, that can say what is wrong with it.
pub trait Checked {
    /// Every problem, not only the first.
    fn problems(&self) -> Vec<ConfigProblem>;
}
