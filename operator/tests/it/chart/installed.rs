//! The charts on a real API server: what they render is taken, they install, upgrade and leave.

use std::process::Command;

use confab_desired::Kind;
use confab_operator::config::OperatorConfig;
use confab_testbed::kubernetes::program;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::helm::{Helm, chart};
use super::{one, rendered, schemas, sets, site};
use crate::account::{apply, documents, identity};
use crate::kubectl::kubectl;
use crate::lab::{Lab, Operator, config_of, eventually};

/// What kubeconform says of objects.
fn conform(objects: &[Value], folder: &std::path::Path) -> Result<String, String> {
    let mut command = Command::new(program("kubeconform").expect("kubeconform is there"));
    command.args(["-strict", "-summary", "-schema-location", &schemas::location(folder), "-"]);
    let texts: Vec<String> = objects.iter().map(Value::to_string).collect();
    let output = kubectl(command, &[], &texts.join("\n---\n"));
    output.map_err(|said| if said.is_empty() { "refused".to_owned() } else { said })
}

#[tokio::test]
async fn what_the_charts_render_conforms_to_the_schemas_of_the_server() {
    let site = site().await;
    for (name, values) in sets::all() {
        let objects = rendered(&values);
        let said = conform(&objects, &site.schemas()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(
            said.contains(&format!("Valid: {}, Invalid: 0, Errors: 0, Skipped: 0", objects.len())),
            "{name}: {said}"
        );
    }
    let definitions = documents(&Helm::offline().text("confab-crds", &[]));
    conform(&definitions, &site.schemas()).unwrap();

    let mut wrong = rendered(&json!({}));
    for object in wrong.iter_mut().filter(|object| object["kind"] == "Deployment") {
        object["spec"]["template"]["spec"]["containers"][0]["imagePullPolicie"] = "Always".into();
    }
    conform(&wrong, &site.schemas()).expect_err("a field that nobody knows");
    let mut host = rendered(&sets::host());
    for object in host.iter_mut().filter(|object| object["kind"] == "ChatTenant") {
        object["spec"]["domian"] = "x".into();
    }
    conform(&host, &site.schemas()).expect_err("a field that nobody knows, of our kind");
}

#[tokio::test]
async fn the_operator_s_pods_meet_pod_security_restricted() {
    let site = site().await;
    for (name, values) in sets::all() {
        let objects = rendered(&values);
        let mut pod = one(&objects, "Deployment")["spec"]["template"].clone();
        pod["apiVersion"] = "v1".into();
        pod["kind"] = "Pod".into();
        pod["metadata"]["name"] = "operator".into();
        // Somebody else's: it is not there.
        pod["spec"].as_object_mut().unwrap().remove("priorityClassName");
        pod["spec"].as_object_mut().unwrap().remove("serviceAccountName");
        let arguments = ["create", "-n", "limited", "--dry-run=server", "-f", "-"];
        let created = async || site.kubectl(&arguments, &pod.to_string()).is_ok();
        assert!(eventually(created).await, "{name}: {:?}", site.kubectl(&arguments, &pod.to_string()));
        let container = &pod["spec"]["containers"][0];
        assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true, "{name}");
        assert!(container["resources"]["limits"]["memory"].is_string(), "{name}");
        pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = true.into();
        let refusal = site.kubectl(&arguments, &pod.to_string()).expect_err("restricted");
        assert!(refusal.contains("violates PodSecurity"), "{refusal}");
    }
}

#[tokio::test]
async fn the_cluster_wide_chart_installs_upgrades_and_leaves_the_host_that_it_made() {
    let site = site().await;
    let helm = site.helm();
    let values = helm.values(&sets::host());
    let chart = chart("confab");
    let said = helm.run(&["install", "wide", &chart, "-n", "system", "-f", &values]).unwrap();
    assert!(said.contains("kubectl -n cells wait --for=condition=Ready"), "{said}");
    assert!(said.contains("kubectl apply -f - <<END"), "{said}");
    let deployment = || {
        let text = site.kubectl(&["get", "deployment", "wide-operator", "-n", "system", "-o", "json"], "").unwrap();
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let first = deployment();
    assert_eq!(first["spec"]["replicas"], 2);

    let again = ["upgrade", "wide", &chart, "-n", "system", "-f", &values];
    helm.run(&again).unwrap();
    assert_eq!(
        deployment()["metadata"]["generation"],
        first["metadata"]["generation"],
        "the same again changes nothing"
    );
    helm.run(&[&again[..], &["--set", "replicas=3,workers=4"]].concat()).unwrap();
    let third = deployment();
    assert_eq!(third["spec"]["replicas"], 3);
    assert_ne!(third["spec"]["template"], first["spec"]["template"]);

    helm.run(&["uninstall", "wide", "-n", "system"]).unwrap();
    let left = site.kubectl(
        &[
            "get",
            "all,cm,sa,role,rolebinding,pdb,netpol",
            "-n",
            "system",
            "-l",
            "app.kubernetes.io/instance=wide",
            "-o",
            "name",
        ],
        "",
    );
    assert_eq!(left.unwrap(), "");
    let roles = site
        .kubectl(&["get", "clusterrole,clusterrolebinding", "-l", "app.kubernetes.io/instance=wide", "-o", "name"], "");
    assert_eq!(roles.unwrap(), "");
    site.kubectl(&["get", "chattenant", "cell", "-n", "cells"], "").expect("the host holds data of others");
}

#[tokio::test]
async fn the_namespaced_chart_is_installed_by_somebody_who_may_do_nothing_outside_these_namespaces() {
    let site = site().await;
    let user = site.server.user("team", None).expect("a certificate");
    let admin = kube::Client::try_from(config_of(site.server.kubeconfig()).await).expect("a client");
    let allowed: Vec<Value> = ["limited", "tenants", "more"].map(allowed).into();
    apply(&admin, &allowed).await;
    let may = async || kubectl(user.kubectl(), &["auth", "can-i", "create", "roles", "-n", "more"], "").is_ok();
    assert!(eventually(may).await);

    let helm = Helm::with(user.kubeconfig_file());
    let chart = chart("confab");
    let install = ["install", "team", &chart, "-n", "limited"];
    let refusal = helm.run(&install).expect_err("all namespaces are not theirs");
    assert!(refusal.contains("cannot") && refusal.contains("clusterrole"), "{refusal}");
    let values = helm.values(&json!({"watchNamespaces": ["tenants", "more"]}));
    helm.run(&[&install[..], &["-f", &values]].concat()).unwrap();
    let manifest = documents(&helm.run(&["get", "manifest", "team", "-n", "limited"]).unwrap());
    let kinds: Vec<&str> = manifest.iter().filter_map(|object| object["kind"].as_str()).collect();
    assert!(!kinds.iter().any(|kind| kind.starts_with("Cluster")), "{kinds:?}");
    for object in &manifest {
        let namespace = object["metadata"]["namespace"].as_str().expect("a namespace");
        assert!(["limited", "tenants", "more"].contains(&namespace), "{object}");
    }
    helm.run(&["upgrade", "team", &chart, "-n", "limited", "--set", "watchNamespaces={tenants}"]).unwrap();
    let role = ["get", "role", "team-operator-tenants", "-n"];
    assert!(site.kubectl(&[&role[..], &["tenants"]].concat(), "").is_ok());
    assert!(site.kubectl(&[&role[..], &["more"]].concat(), "").is_err(), "a namespace that is not watched any more");
    helm.run(&["uninstall", "team", "-n", "limited"]).unwrap();
    assert!(site.kubectl(&[&role[..], &["tenants"]].concat(), "").is_err());
}

/// Everything within a namespace.
fn allowed(namespace: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "team", "namespace": namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "team"}],
    })
}

#[tokio::test]
async fn the_definitions_are_upgraded_by_their_chart_and_outlive_it() {
    let site = site().await;
    let helm = site.helm();
    let older = TempDir::new().expect("a folder");
    copy(&chart("confab-crds"), older.path());
    let file = older.path().join("templates/chattenants.confab.dev.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("    - ct\n", "    - ct\n    - older\n")).unwrap();
    let names = || {
        site.kubectl(&["get", "crd", "chattenants.confab.dev", "-o", "jsonpath={.spec.names.shortNames}"], "").unwrap()
    };

    helm.run(&["upgrade", "confab-crds", older.path().to_str().unwrap(), "-n", "system"]).unwrap();
    assert_eq!(names(), r#"["ct","older"]"#);
    helm.run(&["upgrade", "confab-crds", &chart("confab-crds"), "-n", "system"]).unwrap();
    assert_eq!(names(), r#"["ct"]"#);

    let tenant = json!({
        "apiVersion": "confab.dev/v1alpha1", "kind": "ChatTenant",
        "metadata": {"name": "survivor", "namespace": "more"}, "spec": {"domain": "survivor.example.com"},
    });
    site.kubectl(&["create", "-f", "-"], &tenant.to_string()).unwrap();
    let said = helm.run(&["uninstall", "confab-crds", "-n", "system"]).unwrap();
    assert!(said.contains("kept due to the resource policy"), "{said}");
    site.kubectl(&["get", "chattenant", "survivor", "-n", "more"], "").unwrap();
    helm.run(&["install", "confab-crds", &chart("confab-crds"), "-n", "system"]).unwrap();
}

fn copy(from: &str, to: &std::path::Path) {
    let status = Command::new("cp").arg("-r").arg(format!("{from}/.")).arg(to).status().expect("cp runs");
    assert!(status.success());
}

#[tokio::test]
async fn whoever_may_edit_a_namespace_may_edit_its_tenants() {
    let site = site().await;
    let may = |role: &str, verb: &str| {
        let subject = format!("--as=reader-{role}");
        let arguments = ["auth", "can-i", verb, "chattenants.confab.dev", "-n", "more", &subject];
        site.kubectl(&arguments, "").is_ok()
    };
    for role in ["view", "edit"] {
        let binding = [
            "create",
            "rolebinding",
            role,
            "-n",
            "more",
            &format!("--clusterrole={role}"),
            &format!("--user=reader-{role}"),
        ];
        site.kubectl(&binding, "").unwrap();
    }
    // A controller adds the rights to the roles that people have.
    assert!(eventually(async || may("view", "list") && may("edit", "create")).await);
    assert!(!may("view", "create") && !may("view", "delete"));
}

#[tokio::test]
async fn an_operator_works_with_the_config_the_account_and_the_roles_that_the_chart_installs() {
    let site = site().await;
    let helm = site.helm();
    let values = helm.values(&json!({"watchNamespaces": ["whole"], "election": {"durationSeconds": 6}}));
    helm.run(&["install", "whole", &chart("confab"), "-n", "system", "-f", &values]).unwrap();
    let text = site
        .kubectl(&["get", "cm", "whole-operator-config", "-n", "system", "-o", "jsonpath={.data.config\\.yaml}"], "");
    let config: OperatorConfig = confab_chassis::config::parse("config.yaml", &text.unwrap()).unwrap();
    let admin = kube::Client::try_from(config_of(site.server.kubeconfig()).await).expect("a client");
    let account = config_of(identity(&site.server, "system", "whole-operator").kubeconfig()).await;
    let lab = Lab::of("whole", &admin, &config, &account);
    let operator = Operator::start(lab.parts());
    lab.apply_tenant("demo", json!({"domain": "demo.example.com", "placement": {"mode": "Dedicated"}})).await;
    let set = lab.until(Kind::StatefulSet, "demo-serve", |_| true).await;
    assert_eq!(set["spec"]["template"]["spec"]["containers"][0]["image"], config.tenants.images.serve.as_str());
    let policy = lab.get(Kind::NetworkPolicy, "demo-serve").await.expect("it is there").to_string();
    assert!(policy.contains(r#""app.kubernetes.io/instance":"whole""#), "the operator's own pods are let in: {policy}");
    operator.stop().await;
    helm.run(&["uninstall", "whole", "-n", "system"]).unwrap();
}
