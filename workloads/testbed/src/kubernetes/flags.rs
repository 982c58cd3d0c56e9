//! Command lines, as values. Where a flag comes twice, the programs take the later one.

use std::net::SocketAddr;
use std::path::Path;

use super::files::Files;
use super::options::Options;

/// Flags of an etcd that keeps its data and its sockets in its working folder. It wants something like a port in the name of a
/// socket. Nothing is flushed to the disk: it dies with its test.
pub const ETCD: [&str; 9] = [
    "--name=confab",
    "--log-level=warn",
    "--unsafe-no-fsync",
    "--data-dir=etcd",
    "--listen-client-urls=unix://etcd:0",
    "--advertise-client-urls=unix://etcd:0",
    "--listen-peer-urls=unix://etcd-peer:0",
    "--initial-advertise-peer-urls=unix://etcd-peer:0",
    "--initial-cluster=confab=unix://etcd-peer:0",
];

/// The socket that an etcd with these flags makes in its working folder.
pub const ETCD_SOCKET: &str = "etcd:0";

/// Flags of kube-apiserver.
pub fn api_server(address: SocketAddr, etcd: &str, files: &Files, options: &Options) -> Vec<String> {
    let path = |flag: &str, path: &Path| format!("--{flag}={}", path.display());
    let mut flags = vec![
        format!("--bind-address={}", address.ip()),
        format!("--advertise-address={}", address.ip()),
        format!("--secure-port={}", address.port()),
        format!("--etcd-servers={etcd}"),
        path("client-ca-file", &files.authority()),
        path("tls-cert-file", &files.certificate()),
        path("tls-private-key-file", &files.key()),
        path("service-account-key-file", &files.account_public_key()),
        path("service-account-signing-key-file", &files.account_key()),
        format!("--watch-cache={}", options.watch_cache),
    ];
    flags.extend(API_SERVER.map(str::to_owned));
    if address.ip().is_loopback() {
        // It would write its address to an Endpoints object, which may not hold one of the loopback interface.
        flags.push("--endpoint-reconciler-type=none".to_owned());
    }
    if options.audit {
        flags.push(path("audit-policy-file", &files.audit_policy()));
        flags.push(path("audit-log-path", &files.audit_log()));
    }
    flags.extend(options.flags.iter().cloned());
    flags
}

const API_SERVER: [&str; 5] = [
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
