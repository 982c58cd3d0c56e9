//! A node comes, and goes without a trace, whoever is killed on the way. Other nodes on the machine go on meanwhile.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use confab_e2e::harness::find_program;
use confab_e2e::node::Node;
use confab_e2e::node::plan::Plan;
use confab_testbed::process::eventually;
use serde_json::Value;

use crate::{DEADLINE, Namespace, node, printed, web};

/// What a node is seen by from the machine.
fn traces(plan: &Plan) -> Vec<String> {
    let folder = plan.folder().to_str().unwrap();
    let mut traces = Vec::new();
    let mut look = |what: &str, text: &str, sign: &str| {
        traces.extend(text.lines().filter(|line| line.contains(sign)).map(|line| format!("{what}: {line}")));
    };
    look("mount", &fs::read_to_string("/proc/mounts").unwrap(), folder);
    look("interface", &fs::read_to_string("/proc/net/dev").unwrap(), &format!("{}:", plan.host_interface()));
    look("route", &printed(Command::new("ip"), &["route"]), &plan.host_interface());
    look("rule", &printed(Command::new("iptables-save"), &[]), &plan.node_address().to_string());
    let groups = printed(Command::new("find"), &["/sys/fs/cgroup", "-type", "d", "-name", &plan.control_group()]);
    look("control group", &groups, "");
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let words = fs::read_to_string(process.path().join("cmdline")).unwrap_or_default();
        look("process", &words.replace('\0', " "), folder);
    }
    if plan.folder().exists() {
        traces.push(folder.to_owned());
    }
    traces
}

#[tokio::test]
async fn a_node_that_is_dropped_leaves_nothing_and_disturbs_no_other() {
    let other = Namespace::new().await;
    other.serve();
    let node = Node::start().await.unwrap();
    let plan = node.plan().clone();
    web::load(&node);
    printed(node.kubectl(), &["create", "deployment", "web", "--image", web::IMAGE, "--", "/bin/sleep", "1000"]);
    printed(node.kubectl(), &["rollout", "status", "deployment/web", "--timeout=60s"]);
    for kind in ["interface", "route", "control group", "process"] {
        assert!(traces(&plan).iter().any(|trace| trace.starts_with(kind)), "{kind} tells nothing");
    }
    drop(node);
    assert_eq!(traces(&plan), Vec::<String>::new());
    other.ask("rollout status deployment/web --timeout=10s");
}

#[tokio::test]
async fn a_program_of_the_node_that_dies_is_started_again() {
    let node = Node::start().await.unwrap();
    let folder = node.plan().folder().to_str().unwrap().to_owned();
    for program in ["kube-apiserver", "etcd", "kubelet"] {
        let pid = |pid: &Path| {
            let words = fs::read_to_string(pid.join("cmdline")).unwrap_or_default();
            let parent = fs::read_link(pid.join("cwd")).unwrap_or_default();
            words.split('\0').next().is_some_and(|word| word.ends_with(program)) && parent == Path::new(&folder)
        };
        let running = || fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path()).find(|path| pid(path));
        let first = running().unwrap();
        printed(Command::new("sh"), &["-c", &format!("kill -s KILL {}", first.file_name().unwrap().display())]);
        let again = || running().is_some_and(|next| next != first);
        eventually("it runs again", DEADLINE, again).await.unwrap();
        let answers = || node.kubectl().args(["get", "--raw", "/readyz"]).output().unwrap().status.success();
        eventually("the API server is ready again", DEADLINE, answers).await.unwrap();
    }
    printed(node.kubectl(), &["create", "configmap", "kept"]);
}

/// `confab-cluster` for a node of its own.
struct Cluster {
    plan: Plan,
    // Of the node's folder.
    _parent: tempfile::TempDir,
}

impl Cluster {
    fn new(number: u8) -> Self {
        let parent = tempfile::tempdir().unwrap();
        Self { plan: Plan::new(number, &parent.path().join("node")).unwrap(), _parent: parent }
    }

    fn command(&self, order: &str) -> Command {
        let mut command = Command::new(find_program("confab-cluster", "cargo build -p confab-e2e --bins").unwrap());
        command.arg(order).args(self.plan.arguments());
        command
    }

    fn obey(&self, order: &str) -> String {
        printed(self.command(order), &[])
    }

    fn holder(&self) -> Option<u64> {
        let record = fs::read_to_string(self.plan.path("holder.json")).ok()?;
        serde_json::from_str::<Value>(&record).ok()?["pid"].as_u64()
    }

    fn kill_holder(&self) {
        printed(Command::new("sh"), &["-c", &format!("kill -s KILL {}", self.holder().unwrap())]);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A test that failed leaves nothing either.
        let _ = self.command("down").status();
    }
}

#[tokio::test]
async fn a_cluster_outlives_its_command_until_it_is_taken_down() {
    let cluster = Cluster::new(7);
    assert_eq!(cluster.obey("status"), "down");
    let copy = tempfile::NamedTempFile::new().unwrap();
    let said = printed(cluster.command("up"), &["--kubeconfig", copy.path().to_str().unwrap()]);
    assert!(said.contains(copy.path().to_str().unwrap()), "{said}");
    assert!(cluster.obey("up").contains("already"));
    assert!(cluster.obey("status").contains("node/node   Ready"));
    cluster.obey("down");
    assert_eq!(traces(&cluster.plan), Vec::<String>::new());
    cluster.obey("down");
    assert_eq!(cluster.obey("status"), "down");
}

#[tokio::test]
async fn a_crash_of_the_holder_ends_the_node_and_the_next_command_cleans_up() {
    let cluster = Cluster::new(8);
    cluster.obey("up");
    cluster.kill_holder();
    let broken = || cluster.obey("status").starts_with("broken");
    eventually("the crash is seen", DEADLINE, broken).await.unwrap();
    cluster.obey("up");
    cluster.kill_holder();
    eventually("the crash is seen", DEADLINE, broken).await.unwrap();
    cluster.obey("down");
    assert_eq!(traces(&cluster.plan), Vec::<String>::new());
}

#[tokio::test]
async fn a_start_that_breaks_off_half_way_is_cleaned_up() {
    let cluster = Cluster::new(9);
    for sign in ["holder.json", "etcd", "containerd/root"] {
        let mut up = cluster.command("up").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        eventually("it has come so far", DEADLINE, || cluster.plan.path(sign).exists()).await.unwrap();
        up.kill().unwrap();
        up.wait().unwrap();
        cluster.kill_holder();
        cluster.obey("down");
        assert_eq!(traces(&cluster.plan), Vec::<String>::new(), "{sign}");
    }
}

#[tokio::test]
async fn what_is_no_nodes_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("precious"), "").unwrap();
    let with = |order: &str, folder: &Path, number: u8| {
        let mut command = Command::new(find_program("confab-cluster", "cargo build -p confab-e2e --bins").unwrap());
        command.args([order, "--number", &number.to_string(), "--folder"]).arg(folder);
        let output = command.output().unwrap();
        assert!(!output.status.success(), "{order}");
        String::from_utf8(output.stderr).unwrap()
    };
    for order in ["up", "down"] {
        let said = with(order, folder.path(), 6);
        assert!(said.contains("no node's folder"), "{said}");
    }
    assert!(folder.path().join("precious").exists());

    let taken = node().await.plan().number();
    let elsewhere: PathBuf = folder.path().join("node");
    let said = with("up", &elsewhere, taken);
    assert!(said.contains("taken by another"), "{said}");
    assert!(!elsewhere.exists());
}
