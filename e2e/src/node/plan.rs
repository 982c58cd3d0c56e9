//! Where a node lies: its folder, addresses and names. Everything follows from a folder and a number.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// Sockets lie in the folder, and Linux takes 107 bytes for the path of a socket; the longest of ours has 37 after the folder.
const LONGEST_FOLDER: usize = 70;
/// The node covers these with file systems of its own.
const COVERED: [&str; 3] = ["/run", "/var/lib", "/var/log"];

/// A node on this machine. Nodes with different numbers and folders do not meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    number: u8,
    folder: PathBuf,
}

impl Plan {
    /// The folder must be absolute and short, and will be removed with the node.
    pub fn new(number: u8, folder: &Path) -> Result<Self> {
        let shown = folder.display();
        if !folder.is_absolute() || folder.as_os_str().len() > LONGEST_FOLDER {
            bail!("{shown}: the folder of a node has an absolute path of at most {LONGEST_FOLDER} bytes");
        }
        if COVERED.iter().any(|covered| folder.starts_with(covered)) {
            bail!("{shown}: the folder of a node cannot lie in {}", COVERED.join(", "));
        }
        Ok(Self { number, folder: folder.to_owned() })
    }

    /// How `confab-cluster` is told of it.
    pub fn arguments(&self) -> [String; 4] {
        let (folder, number) = (self.folder.display().to_string(), self.number.to_string());
        ["--folder".to_owned(), folder, "--number".to_owned(), number]
    }

    /// Tells it from other nodes of this machine.
    pub const fn number(&self) -> u8 {
        self.number
    }

    /// Everything that the node writes lies here.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The name of its Node object.
    pub const fn name(&self) -> &'static str {
        "node"
    }

    /// The machine's end of the cable to the node.
    pub fn host_interface(&self) -> String {
        format!("confab{}", self.number)
    }

    /// The node's end.
    pub fn node_interface(&self) -> String {
        format!("confab{}-node", self.number)
    }

    /// Where the node and its pods reach the machine.
    pub const fn host_address(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, 88, self.number, 2)
    }

    /// Where the machine reaches the node.
    pub const fn node_address(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, 88, self.number, 1)
    }

    /// Addresses of pods.
    pub fn pod_network(&self) -> String {
        format!("10.144.{}.0/24", self.number)
    }

    /// Addresses of services.
    pub fn service_network(&self) -> String {
        format!("10.160.{}.0/24", self.number)
    }

    /// Where Kubernetes itself is a service: the first of those addresses.
    pub const fn kubernetes_address(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, 160, self.number, 1)
    }

    /// Where the API server listens.
    pub const fn api_address(&self) -> SocketAddr {
        SocketAddr::new(std::net::IpAddr::V4(self.node_address()), 6443)
    }

    /// `https://…`
    pub fn api_url(&self) -> String {
        format!("https://{}", self.api_address())
    }

    /// The control group below which all pods are.
    pub fn control_group(&self) -> String {
        format!("confab-{}", self.number)
    }

    /// Of the user who may do everything.
    pub fn kubeconfig(&self) -> PathBuf {
        self.path("kubeconfig")
    }

    /// The socket of containerd; reachable from the machine.
    pub fn containerd_socket(&self) -> PathBuf {
        self.path("containerd.sock")
    }

    /// What this part of the node said.
    pub fn log(&self, name: &str) -> PathBuf {
        self.folder.join("logs").join(format!("{name}.log"))
    }

    /// Is there when all of the node works.
    pub fn ready_mark(&self) -> PathBuf {
        self.path("ready")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_of_different_numbers_share_no_address() {
        let plan = |number| Plan::new(number, Path::new("/tmp/node")).unwrap();
        let (one, other) = (plan(1), plan(255));
        assert_ne!(one.host_interface(), other.host_interface());
        assert_ne!(one.node_address(), other.node_address());
        assert_ne!(one.pod_network(), other.pod_network());
        assert_ne!(one.service_network(), other.service_network());
        assert_ne!(one.control_group(), other.control_group());
        // Linux takes names of at most 15 bytes.
        assert!(other.node_interface().len() <= 15);
    }

    #[test]
    fn folders_that_cannot_work_are_refused() {
        for folder in ["node", "/run/node", "/var/lib/me/.cache", &format!("/{}", "long".repeat(20))] {
            assert!(Plan::new(0, Path::new(folder)).is_err(), "{folder}");
        }
    }
}
