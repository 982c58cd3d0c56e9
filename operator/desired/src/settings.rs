//! What is the same for all tenants: images, the operator itself, and what the cluster can do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::kind::Kind;

/// What is the same for all tenants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The release that the images are of, such as `0.1.0`.
    pub release: String,
    /// What pods run.
    pub images: Images,
    /// Secrets that the kubelet pulls images with; they must exist in each tenant's namespace.
    pub image_pull_secrets: Vec<String>,
    /// `Always`, `IfNotPresent` or `Never`.
    pub image_pull_policy: String,
    /// DNS domain of the cluster.
    pub cluster_domain: String,
    /// Where the operator is reached from: its pods may use the admin listeners.
    pub operator: Origin,
    /// Public halves of the operator's keys, base64 of 32 bytes each, the newest first.
    pub operator_keys: Vec<String>,
    /// Where Prometheus scrapes from; none: any pod of the cluster.
    pub monitoring: Option<Origin>,
    /// Labels of every ServiceMonitor, by which a Prometheus selects it.
    pub service_monitor_labels: BTreeMap<String, String>,
    /// What the cluster can do beside Kubernetes itself.
    pub capabilities: Capabilities,
}

impl Default for Settings {
    fn default() -> Self {
        let release = env!("CARGO_PKG_VERSION").to_owned();
        Self {
            images: Images::of_release(&release),
            release,
            image_pull_secrets: Vec::new(),
            image_pull_policy: "IfNotPresent".to_owned(),
            cluster_domain: "cluster.local".to_owned(),
            operator: Origin::default(),
            operator_keys: Vec::new(),
            monitoring: None,
            service_monitor_labels: BTreeMap::new(),
            capabilities: Capabilities::default(),
        }
    }
}

/// What pods run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Images {
    /// The REST API.
    pub messaging: String,
    /// The WebSocket gateway.
    pub presence: String,
    /// Both in one process, on an embedded database.
    pub serve: String,
    /// A managed Redis.
    pub redis: String,
}

impl Images {
    fn of_release(release: &str) -> Self {
        Self {
            messaging: format!("confab-messaging:{release}"),
            presence: format!("confab-presence:{release}"),
            serve: format!("confab:{release}"),
            redis: "redis:8-alpine".to_owned(),
        }
    }
}

impl Default for Images {
    fn default() -> Self {
        Self::of_release(env!("CARGO_PKG_VERSION"))
    }
}

/// Pods that something may come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Origin {
    /// Their namespace.
    pub namespace: String,
    /// Their labels.
    pub pod_labels: BTreeMap<String, String>,
}

impl Default for Origin {
    fn default() -> Self {
        let labels = [("app.kubernetes.io/name", "confab-operator")];
        let pod_labels = labels.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        Self { namespace: "confab-system".to_owned(), pod_labels }
    }
}

/// Kinds that somebody else's operator brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is there or not, by itself")]
pub struct Capabilities {
    /// CloudNativePG.
    pub cloud_native_pg: bool,
    /// cert-manager.
    pub cert_manager: bool,
    /// The Gateway API.
    pub gateway_api: bool,
    /// The Prometheus operator.
    pub service_monitor: bool,
}

impl Capabilities {
    /// All that there are.
    pub const ALL: Self = Self { cloud_native_pg: true, cert_manager: true, gateway_api: true, service_monitor: true };

    /// Whether objects of a kind can be made.
    pub fn has(self, kind: Kind) -> bool {
        match kind {
            Kind::Cluster => self.cloud_native_pg,
            Kind::Certificate => self.cert_manager,
            Kind::HttpRoute => self.gateway_api,
            Kind::ServiceMonitor => self.service_monitor,
            _ => true,
        }
    }
}
