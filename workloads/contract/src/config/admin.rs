//! `admin` and `tenant_source`: tenants that come and go at run time.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::messaging::tenant_problems;
use super::tenant::TenantConfig;
use super::{Checked, ConfigProblem};
use crate::TenantId;

/// Bytes of an Ed25519 public key.
const PUBLIC_KEY_BYTES: usize = 32;

/// `tenant_source`: where a process learns whom it serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantSource {
    /// From `tenants` in its Config.
    #[default]
    Config,
    /// From the store, into which `TenantAdmin` writes them. They come, change and go without a restart.
    Store,
}

/// `admin`: the listener for `TenantAdmin` (gRPC), by which the operator says whom the host serves. It is not for the public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminConfig {
    /// Address and port of the service.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// The tenant id of the host that this process is part of.
    pub host: TenantId,
    /// Public halves of the operator's keys, each 32 bytes as base64. Several during a rotation.
    pub operator_keys: Vec<String>,
    /// The certificate of the listener with its chain, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_certificate_file: Option<PathBuf>,
    /// Its private key, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_private_key_file: Option<PathBuf>,
}

fn default_listen() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::UNSPECIFIED, AdminConfig::DEFAULT_PORT))
}

impl AdminConfig {
    /// The port, where a Config names none.
    pub const DEFAULT_PORT: u16 = 9091;

    /// A listener with every default, without TLS.
    pub fn new(host: TenantId, operator_keys: Vec<String>) -> Self {
        Self { listen: default_listen(), host, operator_keys, tls_certificate_file: None, tls_private_key_file: None }
    }
}

impl Checked for AdminConfig {
    fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        if self.operator_keys.is_empty() {
            problems.push(ConfigProblem::new("operator_keys", "name at least one, or nobody is let in"));
        }
        let is_key = |text: &String| STANDARD.decode(text.trim()).is_ok_and(|bytes| bytes.len() == PUBLIC_KEY_BYTES);
        for (index, _) in self.operator_keys.iter().enumerate().filter(|(_, key)| !is_key(key)) {
            let key = format!("operator_keys[{index}]");
            problems.push(ConfigProblem::new(key, "must be the 32 bytes of an Ed25519 public key as base64"));
        }
        match (&self.tls_certificate_file, &self.tls_private_key_file) {
            (Some(_), Some(_)) => {}
            (None, None) if self.listen.ip().is_loopback() => {}
            (None, None) => {
                let problem = "give a certificate and its key; only a loopback address is served without TLS";
                problems.push(ConfigProblem::new("tls_certificate_file", problem));
            }
            _ => problems
                .push(ConfigProblem::new("tls_certificate_file", "give it and tls_private_key_file, or neither")),
        }
        problems
    }
}

/// Problems of whom a process serves.
pub(super) fn source_problems(
    source: TenantSource,
    tenants: &[TenantConfig],
    admin: Option<&AdminConfig>,
) -> Vec<ConfigProblem> {
    let mut problems = tenant_problems(tenants);
    if source == TenantSource::Store && !tenants.is_empty() {
        problems.push(ConfigProblem::new("tenants", "must be empty with tenant_source: store"));
    }
    if let Some(admin) = admin {
        problems.extend(admin.problems().into_iter().map(|problem| problem.inside("admin")));
        if source == TenantSource::Config {
            problems.push(ConfigProblem::new("tenant_source", "must be store where there is an admin listener"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admin() -> AdminConfig {
        AdminConfig::new("chat.host".parse().expect("an id"), vec![STANDARD.encode([7; 32])])
    }

    fn keys(problems: Vec<ConfigProblem>) -> Vec<String> {
        problems.into_iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn plain_text_is_for_the_loopback_interface_alone() {
        let mut admin = admin();
        assert_eq!(keys(admin.problems()), ["tls_certificate_file"]);
        admin.listen = "127.0.0.1:9091".parse().expect("an address");
        assert_eq!(keys(admin.problems()), Vec::<String>::new());
        admin.tls_certificate_file = Some("/tls.crt".into());
        assert_eq!(keys(admin.problems()), ["tls_certificate_file"]);
        admin.listen = default_listen();
        admin.tls_private_key_file = Some("/tls.key".into());
        assert_eq!(keys(admin.problems()), Vec::<String>::new());
    }

    #[test]
    fn operator_keys_are_32_bytes_and_at_least_one() {
        let mut admin = admin();
        admin.listen = "[::1]:0".parse().expect("an address");
        admin.operator_keys.extend(["canary".to_owned(), STANDARD.encode([7; 31])]);
        let problems = admin.problems();
        assert!(problems.iter().all(|problem| !problem.to_string().contains("canary")));
        assert_eq!(keys(problems), ["operator_keys[1]", "operator_keys[2]"]);
        admin.operator_keys.clear();
        assert_eq!(keys(admin.problems()), ["operator_keys"]);
    }

    #[test]
    fn tenants_come_from_one_place() {
        let tenant = TenantConfig::new("default.demo".parse().expect("an id"), "chat.example.com");
        let tenants = std::slice::from_ref(&tenant);
        let admin = AdminConfig { listen: "127.0.0.1:1".parse().expect("an address"), ..admin() };
        let problems = |source, tenants, admin| keys(source_problems(source, tenants, admin));
        assert_eq!(problems(TenantSource::Config, tenants, None), Vec::<String>::new());
        assert_eq!(problems(TenantSource::Store, &[], Some(&admin)), Vec::<String>::new());
        assert_eq!(problems(TenantSource::Store, &[], None), Vec::<String>::new());
        assert_eq!(problems(TenantSource::Store, tenants, None), ["tenants"]);
        assert_eq!(problems(TenantSource::Config, tenants, Some(&admin)), ["tenant_source"]);
    }
}
