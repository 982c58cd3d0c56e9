//! The real Helm, with folders of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use confab_testbed::kubernetes::program;
use serde_json::Value;
use tempfile::TempDir;

use crate::account::documents;
use crate::kubectl::kubectl;

/// The version of Kubernetes that the charts are rendered for where no cluster tells.
const KUBERNETES: &str = "1.34.4";

/// Helm as somebody, or without a cluster.
pub struct Helm {
    folder: TempDir,
    kubeconfig: Option<PathBuf>,
}

impl Helm {
    /// Without a cluster.
    pub fn offline() -> Self {
        Self { folder: TempDir::new().expect("a folder"), kubeconfig: None }
    }

    /// As the user of a kubeconfig.
    pub fn with(kubeconfig: &Path) -> Self {
        Self { kubeconfig: Some(kubeconfig.to_owned()), ..Self::offline() }
    }

    /// Runs it.
    pub fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(program("helm").expect("helm is there"));
        for folder in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(folder, self.folder.path());
        }
        command.env("KUBECONFIG", self.kubeconfig.as_deref().unwrap_or(Path::new("/dev/null")));
        kubectl(command, arguments, "")
    }

    /// The objects of the operator's chart with these values.
    pub fn template(&self, namespace: &str, values: &Value) -> Result<Vec<Value>, String> {
        let file = self.values(values);
        let arguments = ["template", "confab", &chart("confab"), "-n", namespace, "--kube-version", KUBERNETES];
        let text = self.run(&[&arguments[..], &["-f", &file]].concat())?;
        Ok(documents(&text))
    }

    /// Values as a file.
    pub fn values(&self, values: &Value) -> String {
        let path = self.folder.path().join("values.json");
        std::fs::write(&path, values.to_string()).expect("a file");
        path.display().to_string()
    }

    /// Renders a chart without values.
    pub fn text(&self, name: &str, arguments: &[&str]) -> String {
        let chart = chart(name);
        let fixed = ["template", name, &chart, "--kube-version", KUBERNETES];
        self.run(&[&fixed[..], arguments].concat()).expect("it can be rendered")
    }
}

/// The folder of a chart.
pub fn chart(name: &str) -> String {
    format!("{}/../charts/{name}", env!("CARGO_MANIFEST_DIR"))
}
