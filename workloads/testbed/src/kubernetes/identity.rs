//! Who speaks to an API server: a client certificate, and the kubeconfig that holds it.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::authority::Certificate;
use super::program::program;

/// A user of one cluster.
#[derive(Debug, Clone)]
pub struct Identity {
    certificate: Certificate,
    kubeconfig: String,
    kubeconfig_file: PathBuf,
    kubectl: PathBuf,
}

impl Identity {
    /// Writes the kubeconfig to a file that only its owner can read.
    pub fn new(url: &str, authority_pem: &str, certificate: Certificate, kubeconfig_file: PathBuf) -> Result<Self> {
        let kubeconfig = kubeconfig(url, authority_pem, &certificate);
        write_secret(&kubeconfig_file, &kubeconfig)?;
        Ok(Self { certificate, kubeconfig, kubeconfig_file, kubectl: program("kubectl")? })
    }

    /// The client certificate and its key.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// A kubeconfig that needs no other file.
    pub fn kubeconfig(&self) -> &str {
        &self.kubeconfig
    }

    /// The same as a file.
    pub fn kubeconfig_file(&self) -> &Path {
        &self.kubeconfig_file
    }

    /// `kubectl` as this user.
    pub fn kubectl(&self) -> Command {
        let mut command = Command::new(&self.kubectl);
        // What a server offers is cached by its address, which a later server may have too.
        let cache = self.kubeconfig_file.with_extension("cache");
        command.env("KUBECONFIG", &self.kubeconfig_file).env("KUBECACHEDIR", cache).stdin(Stdio::null());
        command
    }
}

fn kubeconfig(url: &str, authority_pem: &str, client: &Certificate) -> String {
    let [authority, certificate, key] =
        [authority_pem, &client.certificate_pem, &client.key_pem].map(|pem| STANDARD.encode(pem));
    format!(
        "apiVersion: v1
kind: Config
current-context: confab
contexts:
- name: confab
  context: {{cluster: confab, user: confab}}
clusters:
- name: confab
  cluster:
    server: {url}
    certificate-authority-data: {authority}
users:
- name: confab
  user:
    client-certificate-data: {certificate}
    client-key-data: {key}
"
    )
}

/// Writes a file that nobody else can read, not even while it is written.
pub fn write_secret(file: &Path, content: &str) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(file).and_then(|mut file| file.write_all(content.as_bytes()));
    written.with_context(|| format!("{} cannot be written", file.display()))
}
