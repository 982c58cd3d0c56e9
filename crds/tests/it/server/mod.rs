//! The definition in a real API server: whether it is taken, whether it decides as the offline check does, and what
//! `kubectl` shows.

mod kubectl;
mod verdicts;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use confab_testbed::kubernetes::{ApiServer, Namespace, kubernetes};
use tokio::sync::OnceCell;

/// A namespace of one test, in a server that has the definition.
struct Cluster {
    server: &'static ApiServer,
    namespace: Namespace,
}

/// What the API server said of documents.
struct Answers {
    /// Those that it took, by name.
    taken: Vec<String>,
    /// All that it said of the others.
    refusals: String,
}

impl Cluster {
    async fn new() -> Self {
        let server = kubernetes().await;
        installed(server).await;
        Self { server, namespace: server.namespace().await }
    }

    /// What a command says that must succeed.
    fn run(&self, arguments: &[&str]) -> String {
        succeeded(&self.try_run(arguments))
    }

    /// What a command says that must fail.
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.try_run(arguments);
        assert!(!output.status.success(), "{arguments:?} succeeded: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    fn try_run(&self, arguments: &[&str]) -> Output {
        self.kubectl().args(arguments).output().unwrap()
    }

    /// Sends documents with one command, such as `create`.
    fn send(&self, arguments: &[&str], documents: &[String]) -> Answers {
        let mut file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
        file.write_all(documents.join("---\n").as_bytes()).unwrap();
        let output = self.kubectl().args(arguments).arg("-f").arg(file.path()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let name = |line: &str| line.strip_prefix("chattenant.confab.dev/")?.split(' ').next().map(str::to_owned);
        Answers { taken: said.lines().filter_map(name).collect(), refusals: String::from_utf8(output.stderr).unwrap() }
    }

    fn kubectl(&self) -> Command {
        let mut command = self.server.kubectl();
        command.args(["--namespace", self.namespace.name()]);
        command
    }
}

impl Answers {
    fn took(&self, name: &str) -> bool {
        self.taken.iter().any(|taken| taken == name)
    }

    /// What was said of one document.
    fn about(&self, name: &str) -> &str {
        let said = self.refusals.split_once(&format!("\"{name}\" is invalid:")).map_or("", |(_, rest)| rest);
        said.split("\" is invalid:").next().unwrap_or_default()
    }
}

/// Installs the committed definition, once.
async fn installed(server: &ApiServer) {
    static DONE: OnceCell<()> = OnceCell::const_new();
    let install = || async {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("chattenants.confab.dev.yaml");
        // As a person would; the server estimates what the rules may cost, and refuses a definition that goes beyond.
        let applied = server.kubectl().args(["apply", "-f"]).arg(file).output().unwrap();
        let said = succeeded(&applied);
        assert!(said.contains("chattenants.confab.dev created"), "{said}");
        assert_eq!(String::from_utf8_lossy(&applied.stderr), "", "the server has nothing to warn of");
        // `kubectl wait` fails where there are no conditions at all yet, as of a definition that was just made.
        let served = async {
            while !server.kubectl().args(["get", "chattenants.confab.dev"]).output().unwrap().status.success() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), served).await.expect("the new kind is served");
        // `kubectl explain` asks for descriptions, which the server publishes a moment later.
        let described = async {
            while !server.kubectl().args(["explain", "ct.spec.domain"]).output().unwrap().status.success() {
                tokio::time::sleep(Duration::from_millis(100)).await;
                succeeded(&server.kubectl().args(["api-resources", "--cached=false"]).output().unwrap());
            }
        };
        tokio::time::timeout(Duration::from_mins(1), described).await.expect("a description of the new kind");
    };
    DONE.get_or_init(install).await;
}

fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}
