//! Sections that several services share.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Checked, ConfigProblem, Secret};

/// `http`: the public listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Address and port of the API.
    pub listen: SocketAddr,
    /// Networks of proxies whose `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host` count.
    pub trusted_proxies: Vec<IpNet>,
    /// Seconds that a client may take to send its request line and headers, and again its body.
    pub read_timeout_seconds: u64,
    /// Seconds after which a request that is still being answered is given up with 503.
    pub request_timeout_seconds: u64,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8080)),
            trusted_proxies: Vec::new(),
            read_timeout_seconds: 15,
            request_timeout_seconds: 30,
        }
    }
}

impl Checked for HttpConfig {
    fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        in_range(&mut problems, "read_timeout_seconds", self.read_timeout_seconds, 1, 300);
        in_range(&mut problems, "request_timeout_seconds", self.request_timeout_seconds, 1, 300);
        problems
    }
}

/// `ops`: the listener for probes, metrics and the log filter. It is not for the public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OpsConfig {
    /// Address and port of `/healthz`, `/readyz`, `/metrics` and `/log-filter`.
    pub listen: SocketAddr,
}

impl Default for OpsConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 9090)) }
    }
}

/// `log`: what is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// A `tracing` filter, such as `info` or `info,confab_store=debug`.
    pub filter: String,
    /// Form of a line.
    pub format: LogFormat,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::Json }
    }
}

/// Form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    #[default]
    Json,
    /// For people.
    Text,
}

/// `database`: exactly one of the three sources.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseConfig {
    /// A `postgres://` address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Secret>,
    /// A file that holds a `postgres://` address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_file: Option<PathBuf>,
    /// A SQLite file, made when missing. One process only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sqlite_file: Option<PathBuf>,
    /// Connections to Postgres at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_connections: Option<u32>,
}

impl DatabaseConfig {
    /// Connections to Postgres when the Config names none.
    pub const DEFAULT_MAX_CONNECTIONS: u32 = 16;
}

impl Checked for DatabaseConfig {
    fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        let sources = [self.url.is_some(), self.url_file.is_some(), self.sqlite_file.is_some()];
        if sources.iter().filter(|given| **given).count() != 1 {
            problems.push(ConfigProblem::new("url", "give exactly one of url, url_file and sqlite_file"));
        }
        if let Some(connections) = self.max_connections {
            in_range(&mut problems, "max_connections", u64::from(connections), 2, 1000);
        }
        problems
    }
}

/// `bus`: Redis, where more than one process serves a tenant. Without it, messages stay inside the process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BusConfig {
    /// A `redis://` or `rediss://` address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis_url: Option<Secret>,
    /// A file that holds such an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis_url_file: Option<PathBuf>,
}

impl Checked for BusConfig {
    fn problems(&self) -> Vec<ConfigProblem> {
        if self.redis_url.is_some() && self.redis_url_file.is_some() {
            return vec![ConfigProblem::new("redis_url", "give redis_url or redis_url_file, not both")];
        }
        Vec::new()
    }
}

/// `drain`: how a process leaves after SIGTERM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DrainConfig {
    /// Seconds after which the process ends whatever happens.
    pub deadline_seconds: u64,
    /// Milliseconds between becoming unready and refusing new work, so that load balancers notice.
    pub unready_millis: u64,
    /// Sockets are told to reconnect after a random delay of up to this many milliseconds.
    pub reconnect_jitter_millis: u32,
}

impl Default for DrainConfig {
    fn default() -> Self {
        Self { deadline_seconds: 25, unready_millis: 2000, reconnect_jitter_millis: 5000 }
    }
}

impl Checked for DrainConfig {
    fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        in_range(&mut problems, "deadline_seconds", self.deadline_seconds, 1, 3600);
        if self.unready_millis >= self.deadline_seconds.saturating_mul(1000) {
            problems.push(ConfigProblem::new("unready_millis", "must be shorter than deadline_seconds"));
        }
        problems
    }
}

/// Problems of the sections that every service has.
pub(super) fn shared_problems(
    http: &HttpConfig,
    database: &DatabaseConfig,
    bus: &BusConfig,
    drain: &DrainConfig,
    master_key_file: &Path,
) -> Vec<ConfigProblem> {
    let sections: [(&str, &dyn Checked); 4] = [("http", http), ("database", database), ("bus", bus), ("drain", drain)];
    let of_section = |(name, section): (&'static str, &dyn Checked)| {
        section.problems().into_iter().map(move |problem| problem.inside(name)).collect::<Vec<_>>()
    };
    let mut problems: Vec<ConfigProblem> = sections.into_iter().flat_map(of_section).collect();
    if master_key_file.as_os_str().is_empty() {
        problems.push(ConfigProblem::new("master_key_file", "name a file with 32 random bytes as base64"));
    }
    problems
}

/// Notes a number outside its range.
pub(crate) fn in_range(problems: &mut Vec<ConfigProblem>, key: &str, value: u64, least: u64, most: u64) {
    if !(least..=most).contains(&value) {
        problems.push(ConfigProblem::new(key, format!("must be {least} to {most}, is {value}")));
    }
}
