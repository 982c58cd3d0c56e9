//! Reads a cluster with the user's own kubectl and rights.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Longest wait for one answer of the API server.
const PATIENCE: &str = "--request-timeout=30s";

/// A kubectl, and the context that it uses.
#[derive(Debug, Clone)]
pub(super) struct Kubectl {
    program: PathBuf,
    context: Option<String>,
}

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum KubectlError {
    /// There is no such program.
    #[error("{} cannot be started ({source}); install kubectl, name it with --kubectl, or compare with a folder: --against DIR", .program.display())]
    Start {
        /// What was started.
        program: PathBuf,
        /// Why it was not.
        source: std::io::Error,
    },
    /// It may not.
    #[error("kubectl {what}: {message}; ask for the right to read it")]
    Forbidden {
        /// What was asked.
        what: String,
        /// What it says.
        message: String,
    },
    /// It ended badly.
    #[error("kubectl {what}: {message}; check that kubectl reaches the cluster: kubectl {what}")]
    Failed {
        /// What was asked.
        what: String,
        /// What it says.
        message: String,
    },
    /// It said something that is no JSON.
    #[error("kubectl {what} gave no JSON: is this the kubectl of Kubernetes?")]
    NoJson {
        /// What was asked.
        what: String,
    },
}

impl Kubectl {
    pub(super) fn new(program: Option<PathBuf>, context: Option<String>) -> Self {
        Self { program: program.unwrap_or_else(|| "kubectl".into()), context }
    }

    /// What `kubectl api-resources` knows: `deployments.apps`, …
    pub(super) fn resources(&self) -> Result<Vec<String>, KubectlError> {
        let text = self.run(&["api-resources", "--verbs=get", "--output=name"])?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// The objects that `kubectl get` with these arguments finds; those that are not there are left out.
    pub(super) fn get(&self, arguments: &[&str]) -> Result<Vec<Value>, KubectlError> {
        let mut all = vec!["get"];
        all.extend(arguments);
        let shown = all.join(" ");
        all.extend(["--ignore-not-found", "--output=json", "--show-managed-fields"]);
        let text = self.run(&all)?;
        if text.trim().is_empty() {
            return Ok(Vec::new());
        }
        let mut found: Value = serde_json::from_str(&text).map_err(|_| KubectlError::NoJson { what: shown })?;
        match found["items"].take() {
            Value::Array(items) => Ok(items),
            _ => Ok(vec![found]),
        }
    }

    /// The metadata of a Secret, if it is there. Its data are not asked for.
    pub(super) fn secret_metadata(&self, namespace: &str, name: &str) -> Result<Option<Value>, KubectlError> {
        let form = "--output=jsonpath={.metadata}";
        let arguments = ["get", "secret", name, "-n", namespace, "--ignore-not-found", form, "--show-managed-fields"];
        let text = self.run(&arguments)?;
        if text.trim().is_empty() {
            return Ok(None);
        }
        let what = arguments.join(" ");
        serde_json::from_str(&text).map(Some).map_err(|_| KubectlError::NoJson { what })
    }

    fn run(&self, arguments: &[&str]) -> Result<String, KubectlError> {
        let mut command = Command::new(&self.program);
        command.args(self.context.iter().flat_map(|context| ["--context", context.as_str()]));
        command.args(arguments).arg(PATIENCE).stdin(Stdio::null());
        let output =
            command.output().map_err(|source| KubectlError::Start { program: self.program.clone(), source })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let what =
            arguments.iter().filter(|argument| !argument.starts_with("--")).copied().collect::<Vec<_>>().join(" ");
        let said = String::from_utf8_lossy(&output.stderr);
        let message = said.trim().lines().last().unwrap_or("it says nothing").to_owned();
        Err(if message.contains("Forbidden") || message.contains("forbidden") {
            KubectlError::Forbidden { what, message }
        } else {
            KubectlError::Failed { what, message }
        })
    }
}
