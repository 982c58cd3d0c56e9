//! Config of `confab-presence`, the WebSocket gateway.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::admin::{TenantSource, source_problems};
use super::section::{
    BusConfig, DatabaseConfig, DrainConfig, HttpConfig, LogConfig, OpsConfig, in_range, shared_problems,
};
use super::tenant::TenantConfig;
use super::{Checked, ConfigProblem};

/// Everything that `confab-presence` knows of its surroundings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PresenceConfig {
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
    /// File with 32 random bytes as base64. The same for every process.
    pub master_key_file: PathBuf,
    /// Connections.
    pub sockets: SocketConfig,
    /// Where the process learns whom it serves.
    pub tenant_source: TenantSource,
    /// Whom this process serves, with `tenant_source: config`.
    pub tenants: Vec<TenantConfig>,
}

impl Checked for PresenceConfig {
    fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems =
            shared_problems(&self.http, &self.database, &self.bus, &self.drain, self.master_key_file.as_path());
        problems.extend(self.sockets.problems().into_iter().map(|problem| problem.inside("sockets")));
        problems.extend(source_problems(self.tenant_source, &self.tenants, None));
        problems
    }
}

/// `sockets`: how connections are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SocketConfig {
    /// Connections of this process at most; more get 503.
    pub max_connections: u32,
    /// Frames that may wait for one slow reader before it is closed.
    pub queue_frames: u32,
    /// Seconds between WebSocket pings.
    pub heartbeat_seconds: u32,
    /// Seconds of silence after which a connection is closed.
    pub silence_seconds: u32,
    /// Seconds that a person stays online after the last connection has gone.
    pub offline_grace_seconds: u32,
    /// Seconds after which typing ends by itself.
    pub typing_seconds: u32,
    /// Milliseconds between looks at the store for what the bus has lost, while the bus is well.
    pub tail_millis: u64,
    /// The same while the bus is away.
    pub tail_without_bus_millis: u64,
}

impl Default for SocketConfig {
    fn default() -> Self {
        Self {
            max_connections: 50_000,
            queue_frames: 256,
            heartbeat_seconds: 30,
            silence_seconds: 75,
            offline_grace_seconds: 5,
            typing_seconds: 6,
            tail_millis: 2000,
            tail_without_bus_millis: 250,
        }
    }
}

impl Checked for SocketConfig {
    fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        in_range(&mut problems, "max_connections", self.max_connections.into(), 1, 10_000_000);
        in_range(&mut problems, "queue_frames", self.queue_frames.into(), 16, 65_536);
        in_range(&mut problems, "heartbeat_seconds", self.heartbeat_seconds.into(), 1, 300);
        in_range(&mut problems, "offline_grace_seconds", self.offline_grace_seconds.into(), 0, 300);
        in_range(&mut problems, "typing_seconds", self.typing_seconds.into(), 1, 60);
        in_range(&mut problems, "tail_millis", self.tail_millis, 100, 60_000);
        in_range(&mut problems, "tail_without_bus_millis", self.tail_without_bus_millis, 50, 60_000);
        if self.silence_seconds <= self.heartbeat_seconds {
            problems.push(ConfigProblem::new("silence_seconds", "must be longer than heartbeat_seconds"));
        }
        problems
    }
}
