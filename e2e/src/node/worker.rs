//! What runs pods: containerd, the kubelet, the proxy that makes services of them.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use confab_testbed::kubernetes::program;

use super::component::Component;
use super::host;
use super::plan::Plan;
use super::template::{fill, write};

/// Where the plugins for networks lie: Debian's folder, and the usual one.
const PLUGINS: [&str; 2] = ["/usr/lib/cni", "/opt/cni/bin"];
/// What a pod with the DNS policy of its node gets.
const RESOLVER: &str = "nameserver {{node}}\n";

/// Writes what the three programs read.
pub fn configure(plan: &Plan) -> Result<()> {
    let plugins = PLUGINS.into_iter().find(|folder| Path::new(folder).join("bridge").is_file());
    let plugins = plugins.context("the plugins for networks are missing; Debian: containernetworking-plugins")?;
    let values = values(plan, plugins);
    for folder in ["cni", "pods", "plugins", "volumes", "containerd/temp"] {
        let folder = plan.path(folder);
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    for (name, template) in [
        ("containerd.toml", include_str!("files/containerd.toml")),
        ("cni/pods.conflist", include_str!("files/cni.conflist")),
        ("kubelet.yaml", include_str!("files/kubelet.yaml")),
        ("kube-proxy.yaml", include_str!("files/kube-proxy.yaml")),
        ("Corefile", include_str!("files/Corefile")),
        ("resolv.conf", RESOLVER),
    ] {
        write(&plan.path(name), &fill(template, &values)?)?;
    }
    Ok(())
}

fn values(plan: &Plan, plugins: &str) -> [(&'static str, String); 7] {
    [
        ("folder", plan.folder().display().to_string()),
        ("socket", plan.containerd_socket().display().to_string()),
        ("plugins", plugins.to_owned()),
        ("name", plan.name().to_owned()),
        ("node", plan.node_address().to_string()),
        ("pods", plan.pod_network()),
        ("group", plan.control_group()),
    ]
}

/// Runs containers.
pub fn containerd(plan: &Plan) -> Result<Component> {
    let arguments = vec![format!("--config={}", plan.path("containerd.toml").display())];
    Ok(Component {
        name: "containerd",
        program: host::find("containerd", "containerd")?,
        arguments,
        variables: Vec::new(),
    })
}

/// Makes containers of the pods that are this node's.
pub fn kubelet(plan: &Plan) -> Result<Component> {
    let path = |flag: &str, name: &str| format!("--{flag}={}", plan.path(name).display());
    let arguments = vec![
        path("config", "kubelet.yaml"),
        path("kubeconfig", "kubelet.kubeconfig"),
        path("root-dir", "kubelet"),
        format!("--hostname-override={}", plan.name()),
        format!("--node-ip={}", plan.node_address()),
    ];
    Ok(Component { name: "kubelet", program: program("kubelet")?, arguments, variables: Vec::new() })
}

/// Leads the addresses of services to pods.
pub fn proxy(plan: &Plan) -> Result<Component> {
    let arguments = vec![format!("--config={}", plan.path("kube-proxy.yaml").display())];
    Ok(Component { name: "kube-proxy", program: program("kube-proxy")?, arguments, variables: Vec::new() })
}
