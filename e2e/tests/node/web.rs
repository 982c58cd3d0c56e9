//! A small web server: its image, its objects.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use confab_e2e::node::Node;

use crate::{Namespace, printed};

pub const IMAGE: &str = "confab.dev/busybox:1";
/// What the server answers.
pub const GREETING: &str = "hello";

/// Gives a node the image of busybox, which is a web server, a shell and much else.
pub fn load(node: &Node) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    fs::create_dir_all(root.join("bin")).unwrap();
    fs::create_dir_all(root.join("www")).unwrap();
    fs::write(root.join("www/index.html"), GREETING).unwrap();
    let busybox = printed(Command::new("sh"), &["-c", "command -v busybox"]);
    fs::copy(busybox, root.join("bin/busybox")).unwrap();
    for applet in ["cat", "httpd", "ls", "nslookup", "sh", "sleep", "wget"] {
        symlink("busybox", root.join("bin").join(applet)).unwrap();
    }
    let archive = folder.path().join("busybox.tar");
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("kubernetes/oci-archive.sh");
    let words = [root.to_str().unwrap(), IMAGE, "/bin/busybox", archive.to_str().unwrap()];
    let mut command = Command::new("sh");
    command.arg(pack);
    printed(command, &words);
    node.import(&archive).unwrap();
}

/// A container that the strictest namespace takes.
pub fn container(arguments: &str, more: &str) -> String {
    format!(
        r#"{{name: main, image: "{IMAGE}", args: {arguments}, resources: {{requests: {{cpu: 10m}}}},
            securityContext: {{readOnlyRootFilesystem: true, allowPrivilegeEscalation: false,
                capabilities: {{drop: [ALL]}}}} {more}}}"#
    )
}

/// What a pod needs beside its containers to be taken.
pub const RESTRICTED: &str = "securityContext: {runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532, \
                              seccompProfile: {type: RuntimeDefault}}";

impl Namespace {
    /// A web server of two pods with a service, both named `web`; all of it works.
    pub fn serve(&self) {
        let container = container(
            r#"[httpd, -f, -p, "8080", -h, /www]"#,
            ", readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1},
               lifecycle: {preStop: {sleep: {seconds: 2}}}",
        );
        self.apply(&format!(
            "
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      {RESTRICTED}
      containers: [{container}]
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: 8080}}]}}
"
        ));
        self.ask("rollout status deployment/web --timeout=60s");
    }

    /// What a command in a pod of its own prints to its end.
    pub fn run(&self, name: &str, script: &str, more: &str) -> String {
        let container = container(&format!("[sh, -c, {script:?}]"), more);
        self.apply(&format!(
            "
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  {RESTRICTED}
  restartPolicy: Never
  containers: [{container}]
"
        ));
        self.ask(&format!("wait --for=jsonpath={{.status.phase}}=Succeeded pod/{name} --timeout=60s"));
        self.ask(&format!("logs {name}"))
    }
}
