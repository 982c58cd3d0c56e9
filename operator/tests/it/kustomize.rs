//! The tree for kustomize: it builds, a server takes it, and it installs what the chart installs.

use std::collections::BTreeMap;

use confab_operator::config::OperatorConfig;
use confab_testbed::kubernetes::program;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::account::documents;
use crate::chart::{rendered_in, site};
use crate::kubectl::kubectl;

fn folder(name: &str) -> String {
    format!("{}/../config/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Without a cluster.
fn built(name: &str) -> Vec<Value> {
    let mut command = std::process::Command::new(program("kubectl").expect("kubectl is there"));
    let folder_of_nobody = TempDir::new().expect("a folder");
    command.env("HOME", folder_of_nobody.path()).env("KUBECONFIG", "/dev/null");
    documents(&kubectl(command, &["kustomize", &folder(name)], "").expect("it builds"))
}

/// What matters of each object: neither Helm's labels nor a name that a digest is part of.
fn contents(objects: Vec<Value>) -> BTreeMap<String, Value> {
    let other = |object: &Value| matches!(object["kind"].as_str(), Some("Namespace" | "CustomResourceDefinition"));
    let entry = |mut object: Value| {
        let name = object["metadata"]["name"].as_str().expect("a name").to_owned();
        let kind = object["kind"].as_str().expect("a kind").to_owned();
        let kept = json!({"namespace": object["metadata"]["namespace"]});
        object["metadata"] = kept;
        match kind.as_str() {
            "ConfigMap" => {
                let text = object["data"]["config.yaml"].as_str().expect("a Config").to_owned();
                let config: OperatorConfig = confab_chassis::config::parse("config.yaml", &text).expect("a Config");
                return (kind, serde_json::to_value(config).expect("plain data"));
            }
            "Deployment" => {
                object["spec"]["template"]["metadata"].as_object_mut().expect("metadata").remove("annotations");
                object["spec"]["template"]["spec"]["volumes"][0]["configMap"]["name"] = Value::Null;
            }
            _ => {}
        }
        (format!("{kind} {name}"), object)
    };
    objects.into_iter().filter(|object| !other(object)).map(entry).collect()
}

#[test]
fn kustomize_and_the_chart_install_the_same() {
    let (kustomize, chart) = (contents(built("default")), contents(rendered_in("confab-system", &json!({}))));
    let names = |objects: &BTreeMap<String, Value>| objects.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&kustomize), names(&chart));
    for (name, object) in kustomize {
        assert_eq!(object, chart[&name], "{name}");
    }
}

#[tokio::test]
async fn a_server_takes_the_whole_tree_and_its_parts() {
    let site = site().await;
    for name in ["crd", "rbac", "manager", "default"] {
        // The definitions are installed by their chart already, which goes on owning them.
        let arguments = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "-k", &folder(name)];
        let said = site.kubectl(&arguments, "").unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(said.lines().count(), built(name).len(), "{name}: {said}");
    }
}

#[tokio::test]
async fn a_namespace_gets_its_role_from_the_tree() {
    let site = site().await;
    site.kubectl(&["apply", "-n", "more", "-k", &folder("rbac/namespace")], "").unwrap();
    let account = "--as=system:serviceaccount:confab-system:confab-operator";
    let may = |namespace: &str, verb: &str, what: &str| {
        site.kubectl(&["auth", "can-i", verb, what, "-n", namespace, account], "").is_ok()
    };
    assert!(crate::lab::eventually(async || may("more", "watch", "chattenants.confab.dev")).await);
    assert!(!may("more", "list", "secrets") && !may("tenants", "get", "secrets"));
}
