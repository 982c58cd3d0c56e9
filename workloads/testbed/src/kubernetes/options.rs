//! What an API server is started with.

/// What deletion and fresh namespaces need: dependents go with their owners, namespaces end, and have their account. Nothing
/// here touches the status of what a test makes.
pub const UPKEEP: &[&str] = &[
    "garbage-collector-controller",
    "namespace-controller",
    "root-ca-certificate-publisher-controller",
    SERVICE_ACCOUNTS,
];

/// [`UPKEEP`], and what turns Deployments and their like into Pods. Nobody runs these Pods: there is no node.
pub const WORKLOADS: &[&str] = &[
    "garbage-collector-controller",
    "namespace-controller",
    "root-ca-certificate-publisher-controller",
    SERVICE_ACCOUNTS,
    "deployment-controller",
    "disruption-controller",
    "endpoints-controller",
    "endpointslice-controller",
    "horizontal-pod-autoscaler-controller",
    "job-controller",
    "persistentvolume-binder-controller",
    "persistentvolumeclaim-protection-controller",
    "replicaset-controller",
    "statefulset-controller",
];

/// Its traces show that the controllers work.
pub(super) const SERVICE_ACCOUNTS: &str = "serviceaccount-controller";

/// How to start an API server.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which controllers run beside it, by the names of kube-controller-manager; none is fine.
    pub controllers: &'static [&'static str],
    /// Whether every request is written down.
    pub audit: bool,
    /// As in production. Without it a watch reads from etcd, so that [`super::ApiServer::compact`] shows at once.
    pub watch_cache: bool,
    /// More flags of kube-apiserver.
    pub flags: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { controllers: UPKEEP, audit: false, watch_cache: true, flags: Vec::new() }
    }
}
