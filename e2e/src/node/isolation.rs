//! What makes a node of a few processes: namespaces of their own for processes, mounts, the network, names and shared memory.
//! Whatever the node leaves there (processes, mounts, interfaces, filter rules, sockets below `/run`) goes with the namespaces, and
//! they go with the first process in them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use confab_testbed::process::eventually;

use super::host::{has_interface, run_line};
use super::plan::Plan;

const DEADLINE: Duration = Duration::from_secs(20);
/// Process 1 of a process namespace has to reap whom nobody else does, which a waiting shell does.
const FIRST: &str = r#""$@" & wait "$!""#;

/// What kubelet would set although it is the whole machine's.
const SETTINGS: [&str; 6] = [
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
];

/// A command that runs the program as process 2 of fresh namespaces. They end when it is killed, or when this process is.
pub fn command(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]);
    command.args([
        "unshare",
        "--net",
        "--mount",
        "--pid",
        "--ipc",
        "--uts",
        "--fork",
        "--kill-child=KILL",
        "--mount-proc",
    ]);
    command.args(["--propagation", "slave", "--"]);
    command.args(["sh", "-c", FIRST, "node"]).arg(program);
    command
}

/// From outside: makes the cable to the node. Its name is the node's number, and the kernel gives it to one node only.
pub fn claim(plan: &Plan) -> Result<()> {
    let (ours, theirs) = (plan.host_interface(), plan.node_interface());
    let made = run_line(&format!("ip link add {ours} type veth peer name {theirs}"));
    made.with_context(|| format!("the number {} is taken by another node", plan.number()))
}

/// From outside: leads the cable into the namespaces that a child of ours makes.
pub async fn connect(plan: &Plan, child: u32) -> Result<()> {
    let own = fs::read_link("/proc/self/ns/net").context("no namespaces in /proc")?;
    let made = || fs::read_link(format!("/proc/{child}/ns/net")).is_ok_and(|made| made != own);
    eventually("the node has a network of its own", DEADLINE, made).await?;
    let (ours, theirs, node) = (plan.host_interface(), plan.node_interface(), plan.node_address());
    run_line(&format!("ip link set {theirs} netns {child}"))?;
    run_line(&format!("ip address add {} peer {node} dev {ours}", plan.host_address()))?;
    run_line(&format!("ip link set {ours} up"))?;
    run_line(&format!("ip route add {} via {node}", plan.pod_network()))?;
    run_line(&format!("ip route add {} via {node}", plan.service_network()))
}

/// From inside: file systems, name and addresses of the node.
pub async fn settle(plan: &Plan) -> Result<()> {
    // kubelet and containers see each other's mounts; the machine sees none of them.
    run_line("mount --make-rshared /")?;
    for folder in ["/run", "/var/lib", "/var/log"] {
        run_line(&format!("mount -t tmpfs tmpfs {folder}"))?;
    }
    for setting in SETTINGS {
        shield(setting)?;
    }
    fs::write("/proc/sys/net/ipv4/ip_forward", "1").context("packets cannot be forwarded")?;
    bridged_packets_are_filtered();
    run_line(&format!("hostname {}", plan.name()))?;
    run_line("ip link set lo up")?;
    let uplink = plan.node_interface();
    eventually("the cable is there", DEADLINE, || has_uplink(&uplink)).await?;
    run_line(&format!("ip address add {} peer {} dev {uplink}", plan.node_address(), plan.host_address()))?;
    run_line(&format!("ip link set {uplink} up"))?;
    run_line(&format!("ip route add default via {}", plan.host_address()))
}

/// Whoever changes the setting changes a copy.
fn shield(setting: &str) -> Result<()> {
    let (original, copy) = (format!("/proc/sys/{setting}"), format!("/run/settings/{}", setting.replace('/', "-")));
    fs::create_dir_all("/run/settings").and_then(|()| fs::copy(&original, &copy)).context("a setting is unreadable")?;
    run_line(&format!("mount --bind {copy} {original}"))
}

/// So that a pod reaches another of the same bridge by the address of a service. The module may be built in, or loaded.
fn bridged_packets_are_filtered() {
    let setting = "/proc/sys/net/bridge/bridge-nf-call-iptables";
    if !Path::new(setting).exists() {
        let _ = run_line("modprobe br_netfilter");
    }
    let _ = fs::write(setting, "1");
}

/// `/sys` still shows the machine's interfaces; this file shows those of the reader's network.
fn has_uplink(name: &str) -> bool {
    fs::read_to_string("/proc/net/dev").is_ok_and(|devices| devices.contains(&format!("{name}:")))
}

/// Takes the cable away, if the namespaces do not take it with them, which they may do this very moment.
pub fn disconnect(plan: &Plan) -> Result<()> {
    let ours = plan.host_interface();
    let deleted = if has_interface(&ours) { run_line(&format!("ip link delete {ours}")) } else { Ok(()) };
    if has_interface(&ours) { deleted } else { Ok(()) }
}
