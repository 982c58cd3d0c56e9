//! What makes a cluster of it: the store, the API server, the controllers, the scheduler.

use anyhow::Result;
use confab_testbed::kubernetes::{Files, Options, flags, program};

use super::component::Component;
use super::credentials::FRONT_PROXY;
use super::plan::Plan;

/// The store below the API server.
pub fn etcd() -> Result<Component> {
    component("etcd", flags::ETCD.map(str::to_owned).into())
}

/// The API server. Beside what every one needs it speaks to the kubelet, and forwards requests for metrics.
pub fn api_server(plan: &Plan, files: &Files) -> Result<Component> {
    let etcd = format!("unix://{}", plan.path(flags::ETCD_SOCKET).display());
    let path = |flag: &str, name: &str| format!("--{flag}={}", plan.path(name).display());
    let authority = |flag: &str| format!("--{flag}={}", files.authority().display());
    let more = vec![
        format!("--service-cluster-ip-range={}", plan.service_network()),
        authority("kubelet-certificate-authority"),
        path("kubelet-client-certificate", "api-server-client.pem"),
        path("kubelet-client-key", "api-server-client.key"),
        "--kubelet-preferred-address-types=InternalIP".to_owned(),
        authority("requestheader-client-ca-file"),
        format!("--requestheader-allowed-names={FRONT_PROXY}"),
        "--requestheader-username-headers=X-Remote-User".to_owned(),
        "--requestheader-group-headers=X-Remote-Group".to_owned(),
        "--requestheader-extra-headers-prefix=X-Remote-Extra-".to_owned(),
        path("proxy-client-cert-file", &format!("{FRONT_PROXY}.pem")),
        path("proxy-client-key-file", &format!("{FRONT_PROXY}.key")),
    ];
    let options = Options { flags: more, ..Options::default() };
    component("kube-apiserver", flags::api_server(plan.api_address(), &etcd, files, &options))
}

/// All controllers.
pub fn controllers(plan: &Plan, files: &Files) -> Result<Component> {
    let mut arguments = flags::controllers(&plan.kubeconfig(), files, &["*"]);
    // Tests wait for what it decides.
    arguments.push("--horizontal-pod-autoscaler-sync-period=5s".to_owned());
    component("kube-controller-manager", arguments)
}

/// The scheduler.
pub fn scheduler(plan: &Plan) -> Result<Component> {
    let kubeconfig = format!("--kubeconfig={}", plan.path("kube-scheduler.kubeconfig").display());
    component("kube-scheduler", vec![kubeconfig, "--leader-elect=false".to_owned(), "--secure-port=0".to_owned()])
}

fn component(name: &'static str, arguments: Vec<String>) -> Result<Component> {
    Ok(Component { name, program: program(name)?, arguments, variables: Vec::new() })
}
