//! Config of `confab serve`: REST API and WebSocket gateway in one process.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::admin::{AdminConfig, TenantSource, source_problems};
use super::messaging::PasswordConfig;
use super::presence::SocketConfig;
use super::section::{BusConfig, DatabaseConfig, DrainConfig, HttpConfig, LogConfig, OpsConfig, shared_problems};
use super::tenant::TenantConfig;
use super::{Checked, ConfigProblem};

/// Everything that `confab serve` knows of its surroundings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServeConfig {
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
    /// Connections.
    pub sockets: SocketConfig,
    /// Where the process learns whom it serves.
    pub tenant_source: TenantSource,
    /// The listener by which the operator says whom to serve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin: Option<AdminConfig>,
    /// Whom this process serves, with `tenant_source: config`.
    pub tenants: Vec<TenantConfig>,
}

impl Checked for ServeConfig {
    fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems =
            shared_problems(&self.http, &self.database, &self.bus, &self.drain, self.master_key_file.as_path());
        problems.extend(self.passwords.problems().into_iter().map(|problem| problem.inside("passwords")));
        problems.extend(self.sockets.problems().into_iter().map(|problem| problem.inside("sockets")));
        problems.extend(source_problems(self.tenant_source, &self.tenants, self.admin.as_ref()));
        problems
    }
}
