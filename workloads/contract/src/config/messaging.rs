//! Config of `confab-messaging`, the REST API.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::admin::{AdminConfig, TenantSource, source_problems};
use super::section::{
    BusConfig, DatabaseConfig, DrainConfig, HttpConfig, LogConfig, OpsConfig, in_range, shared_problems,
};
use super::tenant::TenantConfig;
use super::{Checked, ConfigProblem};

/// Everything that `confab-messaging` knows of its surroundings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MessagingConfig {
    /// The public listener.
    pub http: HttpConfig,
    /// Probes, metrics and the log filter.
    pub ops: OpsConfig,
    /// Logging.
    pub log: LogConfig,
    /// The store.
    pub database: DatabaseConfig,
    /// Wake-ups between processes, and rate limits that hold over all of them.
    pub bus: BusConfig,
    /// Leaving after SIGTERM.
    pub drain: DrainConfig,
    /// File with 32 random bytes as base64: it seals the tenants' secrets in the store. The same for every process.
    pub master_key_file: PathBuf,
    /// Password hashing.
    pub passwords: PasswordConfig,
    /// Where the process learns whom it serves.
    pub tenant_source: TenantSource,
    /// The listener by which the operator says whom to serve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin: Option<AdminConfig>,
    /// Whom this process serves, with `tenant_source: config`.
    pub tenants: Vec<TenantConfig>,
}

impl Checked for MessagingConfig {
    fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems =
            shared_problems(&self.http, &self.database, &self.bus, &self.drain, self.master_key_file.as_path());
        problems.extend(self.passwords.problems().into_iter().map(|problem| problem.inside("passwords")));
        problems.extend(source_problems(self.tenant_source, &self.tenants, self.admin.as_ref()));
        problems
    }
}

/// `passwords`: Argon2id (RFC 9106), and how much of the machine it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordConfig {
    /// Hashes computed at the same time; further logins wait their turn.
    pub concurrent_hashes: u32,
    /// Logins that may wait; more get 503.
    pub waiting_hashes: u32,
    /// Memory of one hash in KiB, at least 19,456.
    pub memory_kib: u32,
    /// Passes over that memory, at least 2.
    pub iterations: u32,
}

impl Default for PasswordConfig {
    fn default() -> Self {
        Self { concurrent_hashes: 2, waiting_hashes: 200, memory_kib: 19 * 1024, iterations: 2 }
    }
}

impl Checked for PasswordConfig {
    fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        in_range(&mut problems, "concurrent_hashes", self.concurrent_hashes.into(), 1, 256);
        in_range(&mut problems, "waiting_hashes", self.waiting_hashes.into(), 1, 100_000);
        in_range(&mut problems, "memory_kib", self.memory_kib.into(), 19 * 1024, 1024 * 1024);
        in_range(&mut problems, "iterations", self.iterations.into(), 2, 20);
        problems
    }
}

/// Problems of each tenant, and of all together: ids and host names must be unique.
pub(super) fn tenant_problems(tenants: &[TenantConfig]) -> Vec<ConfigProblem> {
    let mut problems = Vec::new();
    let mut hosts = std::collections::BTreeMap::new();
    for (index, tenant) in tenants.iter().enumerate() {
        let section = format!("tenants[{index}]");
        problems.extend(tenant.problems().into_iter().map(|problem| problem.inside(&section)));
        if tenants.iter().take(index).any(|earlier| earlier.id == tenant.id) {
            problems.push(ConfigProblem::new("id", format!("{} is there twice", tenant.id)).inside(&section));
        }
        for host in tenant.hosts() {
            if let Some(other) = hosts.insert(host.clone(), &tenant.id)
                && other != &tenant.id
            {
                let problem = format!("host name {host} is taken by tenant {other}");
                problems.push(ConfigProblem::new("domain", problem).inside(&section));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_hashing_has_floors_and_bounds() {
        let keys = |change: fn(&mut PasswordConfig)| {
            let mut config = PasswordConfig::default();
            change(&mut config);
            config.problems().into_iter().map(|problem| problem.key).collect::<Vec<_>>()
        };
        assert_eq!(keys(|_| ()), Vec::<String>::new());
        assert_eq!(keys(|config| config.memory_kib = 19 * 1024 - 1), ["memory_kib"]);
        assert_eq!(keys(|config| config.iterations = 1), ["iterations"]);
        assert_eq!(keys(|config| config.concurrent_hashes = 0), ["concurrent_hashes"]);
        assert_eq!(keys(|config| config.waiting_hashes = 100_001), ["waiting_hashes"]);
    }
}
