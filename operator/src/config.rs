//! The operator's own Config.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use confab_contract::config::section::{LogConfig, OpsConfig};
use confab_contract::config::{Checked, ConfigProblem};
use confab_desired::Settings;
use serde::{Deserialize, Serialize};

use crate::election::fence::GRACE;
use crate::world::Key;

/// The commented default file, which is the documentation of every key.
pub const DEFAULT_CONFIG: &str = include_str!("../config.default.yaml");

/// Everything that the operator can be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OperatorConfig {
    /// Namespace of the operator itself: of its Lease and its key. Empty: that of its pod, or of the kubeconfig.
    pub namespace: String,
    /// Whose tenants are looked after: those of these namespaces; empty: everybody's.
    pub watch_namespaces: Vec<String>,
    /// `namespace/name` of the host of guests that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_host: Option<String>,
    /// Tenants that are worked on at the same time.
    pub workers: u16,
    /// Seconds after which a tenant is looked at again although nothing happened; spread by up to a half more.
    pub resync_seconds: u64,
    /// Who acts, of several operators.
    pub election: ElectionConfig,
    /// Probes, metrics and the log filter.
    pub ops: OpsConfig,
    /// Logging.
    pub log: LogConfig,
    /// What is the same for all tenants.
    pub tenants: Settings,
    /// Where hosts are reached instead of at their Services, by `namespace/name`: for an operator outside the cluster.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub host_addresses: BTreeMap<String, SocketAddr>,
}

/// `election`: which of several operators acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ElectionConfig {
    /// Name of the Lease.
    pub lease: String,
    /// Seconds that it holds without being renewed.
    pub duration_seconds: u64,
}

impl Default for ElectionConfig {
    fn default() -> Self {
        Self { lease: "confab-operator".to_owned(), duration_seconds: 15 }
    }
}

impl Default for OperatorConfig {
    fn default() -> Self {
        Self {
            namespace: String::new(),
            watch_namespaces: Vec::new(),
            default_host: None,
            workers: 32,
            resync_seconds: 600,
            election: ElectionConfig::default(),
            ops: OpsConfig::default(),
            log: LogConfig::default(),
            tenants: Settings::default(),
            host_addresses: BTreeMap::new(),
        }
    }
}

impl OperatorConfig {
    /// The host of guests that name none.
    pub fn default_host(&self) -> Option<Key> {
        self.default_host.as_deref().and_then(key)
    }
}

impl Checked for OperatorConfig {
    fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        if self.workers == 0 {
            problems.push(ConfigProblem::new("workers", "must be at least 1"));
        }
        if self.resync_seconds < 10 {
            problems.push(ConfigProblem::new("resync_seconds", "must be at least 10"));
        }
        let least = GRACE.as_secs() * 2;
        if self.election.duration_seconds < least {
            problems.push(ConfigProblem::new("election.duration_seconds", format!("must be at least {least}")));
        }
        let written = self.default_host.iter().map(|host| ("default_host", host));
        let reached = self.host_addresses.keys().map(|host| ("host_addresses", host));
        for (field, host) in written.chain(reached) {
            if key(host).is_none() {
                problems.push(ConfigProblem::new(field, "write hosts as namespace/name"));
            }
        }
        let namespaces = &self.watch_namespaces;
        if namespaces.iter().enumerate().any(|(index, name)| namespaces[..index].contains(name) || name.is_empty()) {
            problems.push(ConfigProblem::new("watch_namespaces", "name each namespace once"));
        }
        problems
    }
}

fn key(text: &str) -> Option<Key> {
    let (namespace, name) = text.split_once('/')?;
    let both = !namespace.is_empty() && !name.is_empty() && !name.contains('/');
    both.then(|| Key { namespace: namespace.to_owned(), name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_file_parses_to_the_defaults_and_shows_every_key() {
        let parsed: OperatorConfig = yaml_serde::from_str(DEFAULT_CONFIG).expect("the file is a Config");
        assert_eq!(parsed, OperatorConfig::default());
        let full = OperatorConfig {
            default_host: Some("a/b".to_owned()),
            host_addresses: [("a/b".to_owned(), SocketAddr::from(([127, 0, 0, 1], 1)))].into(),
            ..OperatorConfig::default()
        };
        let value = serde_json::to_value(&full).expect("plain data");
        for key in value.as_object().expect("a map").keys() {
            assert!(DEFAULT_CONFIG.contains(&format!("{key}:")), "{key}");
        }
    }

    #[test]
    fn what_cannot_work_is_named() {
        let config = OperatorConfig {
            workers: 0,
            resync_seconds: 1,
            default_host: Some("cell".to_owned()),
            watch_namespaces: vec!["a".to_owned(), "a".to_owned()],
            election: ElectionConfig { duration_seconds: 5, ..ElectionConfig::default() },
            ..OperatorConfig::default()
        };
        let keys: Vec<String> = config.problems().into_iter().map(|problem| problem.key).collect();
        let expected = ["workers", "resync_seconds", "election.duration_seconds", "default_host", "watch_namespaces"];
        assert_eq!(keys, expected);
    }
}
