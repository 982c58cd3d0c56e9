//! What an API server reads at its start, in one folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::authority::{Authority, SigningKey};
use super::identity::write_secret;

/// Who asked for what, when, and what the answer was; one line when the answer is complete.
const AUDIT_POLICY: &str = "apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
";

/// Paths below the folder of one API server.
#[derive(Debug, Clone)]
pub struct Files {
    folder: PathBuf,
}

impl Files {
    /// Writes certificates, keys and the audit policy.
    pub fn write(folder: &Path, authority: &Authority, names: &[&str]) -> Result<Self> {
        let files = Self { folder: folder.to_owned() };
        let server = authority.server(names)?;
        fs::write(files.authority(), authority.certificate_pem()).context("the folder cannot be written")?;
        fs::write(files.certificate(), &server.certificate_pem).context("the folder cannot be written")?;
        fs::write(files.audit_policy(), AUDIT_POLICY).context("the folder cannot be written")?;
        write_secret(&files.key(), &server.key_pem)?;
        let accounts = SigningKey::new()?;
        write_secret(&files.account_key(), &accounts.private_pem)?;
        fs::write(files.account_public_key(), &accounts.public_pem).context("the folder cannot be written")?;
        Ok(files)
    }

    /// Certificate of the authority.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    /// Certificate of the server.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("server.pem")
    }

    /// Key of the server.
    pub fn key(&self) -> PathBuf {
        self.folder.join("server.key")
    }

    /// Signs the tokens of service accounts.
    pub fn account_key(&self) -> PathBuf {
        self.folder.join("accounts.key")
    }

    /// Verifies them.
    pub fn account_public_key(&self) -> PathBuf {
        self.folder.join("accounts.pub")
    }

    /// Says what is audited.
    pub fn audit_policy(&self) -> PathBuf {
        self.folder.join("audit-policy.yaml")
    }

    /// One JSON object a line.
    pub fn audit_log(&self) -> PathBuf {
        self.folder.join("audit.jsonl")
    }
}
