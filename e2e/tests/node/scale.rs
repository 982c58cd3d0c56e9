//! Metrics and what acts on them; Helm.

use confab_testbed::process::eventually;

use crate::{DEADLINE, Namespace, printed};

#[tokio::test]
async fn an_autoscaler_sees_what_pods_use() {
    let namespace = Namespace::new().await;
    namespace.serve();
    namespace.ask("autoscale deployment web --min=3 --max=4 --cpu=50%");
    let metric = "get hpa web -o jsonpath={.status.currentMetrics[0].resource.current.averageUtilization}";
    // Two samples of each pod, ten seconds apart.
    eventually("use is known", DEADLINE, || !namespace.ask(metric).is_empty()).await.unwrap();
    namespace.ask("wait --for=jsonpath={.status.readyReplicas}=3 deployment/web --timeout=60s");
}

#[tokio::test]
async fn helm_installs_and_uninstalls() {
    let namespace = Namespace::new().await;
    let chart = tempfile::tempdir().unwrap();
    std::fs::create_dir(chart.path().join("templates")).unwrap();
    std::fs::write(chart.path().join("Chart.yaml"), "apiVersion: v2\nname: small\nversion: 1.0.0\n").unwrap();
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n";
    std::fs::write(chart.path().join("templates/map.yaml"), template).unwrap();
    let helm = |words: &[&str]| printed(namespace.node.helm(), &[&["--namespace", &namespace.name], words].concat());
    helm(&["install", "first", chart.path().to_str().unwrap()]);
    namespace.ask("get configmap first");
    helm(&["uninstall", "first"]);
    assert_eq!(namespace.ask("get configmap first --ignore-not-found"), "");
}
