//! Volumes for claims.

use std::path::Path;

use confab_testbed::process::eventually;

use crate::web::{RESTRICTED, container};
use crate::{DEADLINE, Namespace};

#[tokio::test]
async fn a_claim_gets_a_volume_that_keeps_its_data_and_goes_with_the_claim() {
    let namespace = Namespace::new().await;
    let writer = container(
        r#"[sh, -c, "echo kept >> /data/file; cat /data/file; ls -ln /data; sleep 1000"]"#,
        ", volumeMounts: [{name: data, mountPath: /data}]",
    );
    namespace.apply(&format!(
        "
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: store}}
spec:
  serviceName: store
  selector: {{matchLabels: {{app: store}}}}
  template:
    metadata: {{labels: {{app: store}}}}
    spec:
      {RESTRICTED}
      terminationGracePeriodSeconds: 0
      containers: [{writer}]
  volumeClaimTemplates:
  - metadata: {{name: data}}
    spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Mi}}}}}}
"
    ));
    namespace.ask("rollout status statefulset/store --timeout=60s");
    eventually("it has written", DEADLINE, || namespace.ask("logs store-0").starts_with("kept")).await.unwrap();
    namespace.ask("delete pod store-0");
    namespace.ask("rollout status statefulset/store --timeout=60s");
    eventually("it has found its data", DEADLINE, || namespace.ask("logs store-0").starts_with("kept\nkept"))
        .await
        .unwrap();

    let volume = namespace.ask("get pvc data-store-0 -o jsonpath={.spec.volumeName}");
    let folder = namespace.ask(&format!("get pv {volume} -o jsonpath={{.spec.local.path}}"));
    assert!(Path::new(&folder).join("file").exists());
    namespace.ask("delete statefulset store");
    namespace.ask("delete pvc data-store-0");
    namespace.ask(&format!("wait --for=delete pv/{volume} --timeout=60s"));
    assert!(!Path::new(&folder).exists());
}
