//! The operator as a process of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use confab_testbed::free_port;
use confab_testbed::kubernetes::ApiServer;
use k8s_openapi::api::coordination::v1::Lease;

use crate::kubelet::get;
use crate::lab::Lab;

/// A process of the operator. It ends with this value.
pub struct OperatorProcess {
    child: Child,
    ops: SocketAddr,
    _folder: tempfile::TempDir,
}

/// Requests to the API server so far.
#[derive(Debug, Clone, Copy)]
pub struct Requests {
    /// All but those that renew the Lease.
    pub writes: u64,
    /// Reads and watches.
    pub reads: u64,
}

impl OperatorProcess {
    /// Starts one.
    pub fn start(lab: &Lab, server: &ApiServer) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let ops = SocketAddr::from(([127, 0, 0, 1], free_port().expect("a free port")));
        let mut config = lab.config.clone();
        config.ops.listen = ops;
        let file = folder.path().join("config.yaml");
        std::fs::write(&file, yaml_serde::to_string(&config).expect("plain data")).expect("writable");
        let own = std::env::current_exe().expect("a path");
        let program: PathBuf =
            own.parent().and_then(|deps| deps.parent()).expect("target/release").join("confab-operator");
        let child = Command::new(program)
            .arg("--config")
            .arg(file)
            .env("KUBECONFIG", server.kubeconfig_file())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("confab-operator is built");
        Self { child, ops, _folder: folder }
    }

    /// Ends it in order.
    pub async fn stop(mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(asked.is_ok_and(|status| status.success()));
        while self.child.try_wait().expect("a child").is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Kills it.
    pub fn kill(mut self) {
        self.child.kill().expect("a child");
    }

    /// Memory that it holds.
    pub fn resident_mib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
        let kib: f64 = line.split_whitespace().nth(1).expect("a number").parse().expect("a number");
        kib / 1024.0
    }

    pub async fn until_ready(&self) {
        self.until(|operator| get(operator.ops, "/readyz").starts_with("HTTP/1.1 200")).await;
    }

    pub async fn until_leading(&self) {
        self.until(|operator| operator.metric("confab_operator_leader ") == 1).await;
    }

    /// Waits until so many reconciles have succeeded and nobody waits.
    pub async fn until_reconciled(&self, count: usize) {
        let wanted = count as u64;
        self.until(|operator| operator.metric("confab_operator_reconciles_total{result=\"ok\"} ") >= wanted).await;
    }

    /// Requests so far.
    pub fn requests(&self) -> Requests {
        let text = get(self.ops, "/metrics");
        let sum = |verbs: &[&str]| -> u64 {
            let lines = text.lines().filter(|line| line.starts_with("confab_operator_api_requests_total{"));
            let lines = lines.filter(|line| verbs.iter().any(|verb| line.contains(&format!("verb=\"{verb}\""))));
            lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
        };
        // Only the Lease is written by PUT.
        Requests { writes: sum(&["POST", "PATCH", "DELETE"]), reads: sum(&["GET", "WATCH"]) }
    }

    fn metric(&self, beginning: &str) -> u64 {
        let text = get(self.ops, "/metrics");
        let line = text.lines().find(|line| line.starts_with(beginning));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0)
    }

    async fn until(&self, is: impl Fn(&Self) -> bool) {
        while !is(self) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for OperatorProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// When the Lease ends, if nobody renews it.
pub async fn lease_ends(lab: &Lab) -> Instant {
    let leases: kube::Api<Lease> = kube::Api::namespaced(lab.client.clone(), &lab.namespace);
    let lease = leases.get("confab-operator").await.expect("it is there");
    let spec = lease.spec.expect("a spec");
    let renewed = spec.renew_time.expect("a time").0;
    let holds = Duration::from_secs(u64::try_from(spec.lease_duration_seconds.expect("a number")).expect("positive"));
    let since = jiff::Timestamp::now().duration_since(renewed);
    let since = Duration::try_from(since).unwrap_or_default();
    Instant::now() + holds.saturating_sub(since)
}
