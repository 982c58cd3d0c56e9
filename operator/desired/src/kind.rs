//! The kinds of objects that a tenant may have, and how the operator keeps an eye on them.

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Identity of the pods, without a token.
    ServiceAccount,
    /// Master key, certificate of the admin listener, password of a managed Redis.
    Secret,
    /// The Config of the workloads.
    ConfigMap,
    /// Who may speak to the pods, and whom they may speak to.
    NetworkPolicy,
    /// Where an embedded database or a Redis keeps its files.
    PersistentVolumeClaim,
    /// Stable names of the pods.
    Service,
    /// A PostgreSQL of CloudNativePG.
    Cluster,
    /// Pods with a volume: embedded database, Redis.
    StatefulSet,
    /// Pods without one: messaging and presence.
    Deployment,
    /// How many pods may be away at once.
    PodDisruptionBudget,
    /// More pods under load.
    HorizontalPodAutoscaler,
    /// A certificate of cert-manager.
    Certificate,
    /// The way in from outside.
    Ingress,
    /// The way in through the Gateway API.
    HttpRoute,
    /// What the Prometheus operator scrapes.
    ServiceMonitor,
}

/// How a kind is spelled in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spelling {
    /// API group; empty for the core.
    pub group: &'static str,
    /// Version.
    pub version: &'static str,
    /// `kind`.
    pub kind: &'static str,
    /// As in URLs.
    pub plural: &'static str,
}

impl Kind {
    /// All of them, in the order in which they are applied: what others need comes first, and what lets traffic in comes
    /// last. They are deleted in the opposite order.
    pub const ALL: [Self; 15] = [
        Self::ServiceAccount,
        Self::Secret,
        Self::ConfigMap,
        // Before the pods: none is ever reachable without its policy.
        Self::NetworkPolicy,
        Self::PersistentVolumeClaim,
        Self::Service,
        Self::Cluster,
        Self::StatefulSet,
        Self::Deployment,
        Self::PodDisruptionBudget,
        Self::HorizontalPodAutoscaler,
        Self::Certificate,
        Self::Ingress,
        Self::HttpRoute,
        Self::ServiceMonitor,
    ];

    /// How it is spelled.
    pub fn spelling(self) -> Spelling {
        let (group, version, kind, plural) = match self {
            Self::ServiceAccount => ("", "v1", "ServiceAccount", "serviceaccounts"),
            Self::Secret => ("", "v1", "Secret", "secrets"),
            Self::ConfigMap => ("", "v1", "ConfigMap", "configmaps"),
            Self::NetworkPolicy => ("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
            Self::PersistentVolumeClaim => ("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
            Self::Service => ("", "v1", "Service", "services"),
            Self::Cluster => ("postgresql.cnpg.io", "v1", "Cluster", "clusters"),
            Self::StatefulSet => ("apps", "v1", "StatefulSet", "statefulsets"),
            Self::Deployment => ("apps", "v1", "Deployment", "deployments"),
            Self::PodDisruptionBudget => ("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"),
            Self::HorizontalPodAutoscaler => {
                ("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
            }
            Self::Certificate => ("cert-manager.io", "v1", "Certificate", "certificates"),
            Self::Ingress => ("networking.k8s.io", "v1", "Ingress", "ingresses"),
            Self::HttpRoute => ("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"),
            Self::ServiceMonitor => ("monitoring.coreos.com", "v1", "ServiceMonitor", "servicemonitors"),
        };
        Spelling { group, version, kind, plural }
    }

    /// Whether the API server knows it only when somebody installed its definition.
    pub fn is_optional(self) -> bool {
        matches!(self, Self::Cluster | Self::Certificate | Self::HttpRoute | Self::ServiceMonitor)
    }

    /// Whether it is watched. Secrets are not: that would take the right to list all secrets of a cluster. They are read by
    /// name when a tenant is reconciled.
    pub fn is_watched(self) -> bool {
        self != Self::Secret
    }

    /// The kind of that `apiVersion` and `kind`.
    pub fn find(api_version: &str, kind: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|known| known.spelling().kind == kind && known.spelling().api_version() == api_version)
    }
}

impl Spelling {
    /// `group/version`, or the version alone.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_stands_in_the_order_once_and_is_found_by_its_spelling() {
        for (index, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(Kind::ALL.iter().filter(|other| **other == kind).count(), 1);
            let spelling = kind.spelling();
            assert_eq!(Kind::find(&spelling.api_version(), spelling.kind), Some(kind), "{index}");
        }
    }
}
