//! Command lines, as values.

use std::path::Path;

use super::files::Files;
use super::options::Options;

/// Flags of kube-apiserver on a port of the loopback interface.
pub fn api_server(port: u16, etcd: &str, files: &Files, options: &Options) -> Vec<String> {
    let path = |flag: &str, path: &Path| format!("--{flag}={}", path.display());
    let mut flags = vec![
        format!("--secure-port={port}"),
        format!("--etcd-servers={etcd}"),
        path("client-ca-file", &files.authority()),
        path("tls-cert-file", &files.certificate()),
        path("tls-private-key-file", &files.key()),
        path("service-account-key-file", &files.account_public_key()),
        path("service-account-signing-key-file", &files.account_key()),
        format!("--watch-cache={}", options.watch_cache),
    ];
    flags.extend(API_SERVER.map(str::to_owned));
    if options.audit {
        flags.push(path("audit-policy-file", &files.audit_policy()));
        flags.push(path("audit-log-path", &files.audit_log()));
    }
    flags.extend(options.flags.iter().cloned());
    flags
}

const API_SERVER: [&str; 8] = [
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    // It would write that address to an Endpoints object, which may not hold one of the loopback interface.
    "--endpoint-reconciler-type=none",
    "--service-account-issuer=https://kubernetes.default.svc",
    "--service-cluster-ip-range=10.96.0.0/16",
    "--authorization-mode=Node,RBAC",
    "--allow-privileged=true",
    "--profiling=false",
];

/// Flags of kube-controller-manager. It serves nothing.
pub fn controllers(kubeconfig: &Path, files: &Files, controllers: &[&str]) -> Vec<String> {
    let path = |flag: &str, path: &Path| format!("--{flag}={}", path.display());
    let mut flags = vec![
        path("kubeconfig", kubeconfig),
        path("root-ca-file", &files.authority()),
        path("service-account-private-key-file", &files.account_key()),
        format!("--controllers={}", controllers.join(",")),
    ];
    flags.extend(CONTROLLERS.map(str::to_owned));
    flags
}

const CONTROLLERS: [&str; 5] = [
    "--secure-port=0",
    "--leader-elect=false",
    "--profiling=false",
    // Tests make and delete far more in a second than people do.
    "--kube-api-qps=500",
    "--kube-api-burst=1000",
];
