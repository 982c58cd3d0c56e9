//! A real cluster of one node does what people expect of a cluster, and leaves nothing behind.
//!
//! These tests need root and what `.ci/deps node` installs: make e2e.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod images;
mod life;
mod network;
mod scale;
mod storage;
mod web;

use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use confab_e2e::node::Node;
use tokio::sync::OnceCell;

const DEADLINE: Duration = Duration::from_secs(60);

/// The shared node of these tests; it ends with the process.
async fn node() -> &'static Node {
    static SHARED: OnceCell<Node> = OnceCell::const_new();
    SHARED
        .get_or_init(|| async {
            let node = Node::start().await.unwrap_or_else(|error| panic!("{error:#}"));
            web::load(&node);
            node
        })
        .await
}

/// A namespace of one test.
struct Namespace {
    node: &'static Node,
    name: String,
}

impl Namespace {
    /// Fresh, and as strict with pods as Kubernetes can be.
    async fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let node = node().await;
        let name = format!("test-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        printed(node.kubectl(), &["create", "namespace", &name]);
        let strict = "pod-security.kubernetes.io/enforce=restricted";
        printed(node.kubectl(), &["label", "namespace", &name, strict]);
        Self { node, name }
    }

    fn kubectl(&self) -> Command {
        let mut kubectl = self.node.kubectl();
        kubectl.args(["--namespace", &self.name]);
        kubectl
    }

    /// What kubectl prints to these words.
    fn ask(&self, words: &str) -> String {
        printed(self.kubectl(), &words.split(' ').collect::<Vec<_>>())
    }

    fn apply(&self, objects: &str) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), objects).unwrap();
        printed(self.kubectl(), &["apply", "--filename", file.path().to_str().unwrap()]);
    }
}

/// What a command that succeeds prints.
fn printed(mut command: Command, arguments: &[&str]) -> String {
    let output: Output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
