//! Our images: small, without root, without a writable root.

use std::path::{Path, PathBuf};

use confab_e2e::harness::programs;

use crate::Namespace;

/// Bytes; an archive holds its layers as they are.
const LARGEST: u64 = 40_000_000;

/// What `make images` has written.
fn archive(program: &str) -> PathBuf {
    let archive = programs().unwrap().parent().unwrap().join("images").join(program).with_added_extension("tar");
    assert!(archive.is_file(), "{} is missing; build it with: make images", archive.display());
    archive
}

/// Those of this checkout.
fn ours() -> impl Iterator<Item = &'static str> {
    let operator = Path::new(env!("CARGO_MANIFEST_DIR")).join("../operator").exists();
    ["confab", "confab-messaging", "confab-presence"].into_iter().chain(operator.then_some("confab-operator"))
}

#[tokio::test]
async fn every_image_starts_without_root_on_a_read_only_root_and_is_small() {
    let namespace = Namespace::new().await;
    for program in ours() {
        let archive = archive(program);
        let size = archive.metadata().unwrap().len();
        assert!(size < LARGEST, "{program}: {size}");
        namespace.node.import(&archive).unwrap();
        // No user is given: that the image's own is not root is for the kubelet to see.
        namespace.apply(&format!(
            "
apiVersion: v1
kind: Pod
metadata: {{name: {program}}}
spec:
  restartPolicy: Never
  securityContext: {{runAsNonRoot: true, seccompProfile: {{type: RuntimeDefault}}}}
  containers:
  - name: main
    image: {program}:{version}
    imagePullPolicy: Never
    args: [--version]
    securityContext:
      readOnlyRootFilesystem: true
      allowPrivilegeEscalation: false
      capabilities: {{drop: [ALL]}}
",
            version = env!("CARGO_PKG_VERSION"),
        ));
        namespace.ask(&format!("wait --for=jsonpath={{.status.phase}}=Succeeded pod/{program} --timeout=60s"));
        let said = namespace.ask(&format!("logs {program}"));
        assert_eq!(said, format!("{program} {}", env!("CARGO_PKG_VERSION")));
    }
}
