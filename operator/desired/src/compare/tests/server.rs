//! A real API server: it takes every object of every shape, and what it stores differs in nothing.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use confab_testbed::kubernetes::{ApiServer, kubernetes};
use confab_testbed::process::eventually;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::managed::fields_v1;
use crate::compare::{differs, seen};
use crate::fixture::{SHAPES, all, templates, tenant, wanted};
use crate::kind::Kind;
use crate::names::FIELD_MANAGER;
use crate::object::Object;
use crate::quantity::canonical;

const PATIENCE: Duration = Duration::from_mins(1);

fn kubectl(server: &ApiServer, arguments: &[&str], input: &Value) -> Output {
    let mut command: Command = server.kubectl();
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("kubectl runs");
    child.stdin.take().expect("a pipe").write_all(input.to_string().as_bytes()).expect("kubectl reads");
    child.wait_with_output().expect("kubectl ends")
}

fn well(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

fn list(items: impl IntoIterator<Item = Value>) -> Value {
    json!({"apiVersion": "v1", "kind": "List", "items": items.into_iter().collect::<Vec<_>>()})
}

/// A definition that lets everything through, for a kind whose operator is not here.
fn definition(kind: Kind) -> Value {
    let spelling = kind.spelling();
    let spec = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let version = json!({
        "name": spelling.version, "served": true, "storage": true,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
    });
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{}.{}", spelling.plural, spelling.group),
            "annotations": {"api-approved.kubernetes.io": "unapproved, a stand-in"},
        },
        "spec": {
            "group": spelling.group, "scope": "Namespaced", "versions": [version],
            "names": {"plural": spelling.plural, "kind": spelling.kind, "singular": spelling.kind.to_lowercase()},
        },
    })
}

/// The server, with every optional kind.
async fn server() -> &'static ApiServer {
    static INSTALLED: OnceCell<()> = OnceCell::const_new();
    let server = kubernetes().await;
    let install = || async {
        let optional = Kind::ALL.into_iter().filter(|kind| kind.is_optional());
        well(&kubectl(server, &["apply", "-f", "-", "-o", "json"], &list(optional.map(definition))));
        for kind in Kind::ALL.into_iter().filter(|kind| kind.is_optional()) {
            let spelling = kind.spelling();
            let path = format!("/apis/{}/{}", spelling.api_version(), spelling.plural);
            let answers = || kubectl(server, &["get", "--raw", &path], &Value::Null).status.success();
            eventually("the stand-in is served", PATIENCE, answers).await.expect("it is");
        }
    };
    INSTALLED.get_or_init(install).await;
    server
}

/// Objects of that shape for a tenant of this namespace.
fn objects(spec: &str, namespace: &str) -> Vec<Object> {
    let mut tenant = tenant(spec);
    tenant.metadata.namespace = Some(namespace.to_owned());
    all(&wanted(&tenant))
}

fn apply(server: &ApiServer, objects: &[Object]) -> Value {
    let manager = format!("--field-manager={FIELD_MANAGER}");
    let arguments = ["apply", "--server-side", &manager, "-f", "-", "-o", "json", "--show-managed-fields"];
    well(&kubectl(server, &arguments, &list(objects.iter().map(|object| object.value.clone()))))["items"].clone()
}

#[tokio::test]
async fn what_the_server_stores_of_every_object_differs_in_nothing_and_is_owned_as_the_tests_say() {
    let server = server().await;
    for (shape, spec) in SHAPES {
        let namespace = server.namespace().await;
        let objects = objects(spec, namespace.name());
        let stored = apply(server, &objects);
        for (object, live) in objects.iter().zip(stored.as_array().expect("a list")) {
            let what = format!("{shape}: {:?} {}", object.kind, object.name);
            assert_eq!(live["metadata"]["name"], object.name.as_str());
            assert!(!differs(&object.value, live, FIELD_MANAGER), "{what}: {live:#}");
            assert_eq!(seen(&object.value, live, FIELD_MANAGER), object.value, "{what}");
            let entries = live["metadata"]["managedFields"].as_array().expect("entries");
            let ours = entries.iter().find(|entry| entry["manager"] == FIELD_MANAGER).expect("ours");
            assert_eq!(ours["fieldsV1"], fields_v1(object), "{what}");
        }
    }
}

#[tokio::test]
async fn a_change_by_somebody_else_differs_and_applying_again_mends_it() {
    let server = server().await;
    let namespace = server.namespace().await;
    let objects = objects(SHAPES[2].1, namespace.name());
    apply(server, &objects);
    let disturbances = [
        (
            Kind::Deployment,
            "demo-presence",
            r#"{"spec": {"template": {"spec": {"containers": [{"name": "presence", "image": "evil"}]}}}}"#,
        ),
        (Kind::Service, "demo-messaging", r#"{"spec": {"selector": {"more": "x"}}}"#),
        (Kind::NetworkPolicy, "demo", r#"{"spec": {"podSelector": {"matchLabels": {"more": "x"}}}}"#),
        (Kind::NetworkPolicy, "demo-presence", r#"{"spec": {"ingress": [{}]}}"#),
        (Kind::Ingress, "demo", r#"{"metadata": {"labels": {"app.kubernetes.io/managed-by": null}}}"#),
        (Kind::HorizontalPodAutoscaler, "demo-messaging", r#"{"spec": {"maxReplicas": 50}}"#),
    ];
    for (kind, name, patch) in disturbances {
        let object = objects.iter().find(|object| object.kind == kind && object.name == name).expect("it was applied");
        let plural = kind.spelling().plural;
        let arguments =
            ["patch", plural, name, "-n", namespace.name(), "-p", patch, "-o", "json", "--show-managed-fields"];
        let changed = well(&kubectl(server, &arguments, &Value::Null));
        assert!(differs(&object.value, &changed, FIELD_MANAGER), "{kind:?} {name}");
        let manager = format!("--field-manager={FIELD_MANAGER}");
        let again =
            ["apply", "--server-side", "--force-conflicts", &manager, "-f", "-", "-o", "json", "--show-managed-fields"];
        let mended = well(&kubectl(server, &again, &object.value));
        assert!(!differs(&object.value, &mended, FIELD_MANAGER), "{kind:?} {name}: {mended:#}");
    }
}

#[tokio::test]
async fn pod_security_restricted_admits_a_pod_of_every_template() {
    let server = server().await;
    for (shape, spec) in SHAPES {
        let namespace = server.namespace().await;
        let label = "pod-security.kubernetes.io/enforce=restricted";
        assert!(kubectl(server, &["label", "namespace", namespace.name(), label], &Value::Null).status.success());
        let mut tenant = tenant(spec);
        tenant.metadata.namespace = Some(namespace.name().to_owned());
        let wanted = wanted(&tenant);
        apply(server, &wanted.objects);
        for (name, template) in templates(&wanted) {
            let mut pod = template.clone();
            // A class that no cluster has by itself is no matter of Pod Security.
            pod["spec"].as_object_mut().expect("a spec").remove("priorityClassName");
            pod["apiVersion"] = "v1".into();
            pod["kind"] = "Pod".into();
            pod["metadata"]["name"] = name.into();
            pod["metadata"]["namespace"] = namespace.name().into();
            let dry_run = ["create", "--dry-run=server", "-f", "-", "-o", "json"];
            let made = kubectl(server, &dry_run, &pod);
            assert!(made.status.success(), "{shape}: {name}: {}", String::from_utf8_lossy(&made.stderr));
            pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = true.into();
            let refused = kubectl(server, &dry_run, &pod);
            assert!(String::from_utf8_lossy(&refused.stderr).contains("violates PodSecurity"), "{shape}: {name}");
        }
    }
}

#[tokio::test]
async fn amounts_are_stored_in_their_canonical_spelling() {
    let server = server().await;
    let namespace = server.namespace().await;
    let written = [
        "0",
        "1",
        "0.5",
        "500m",
        "1000m",
        "1500m",
        "2",
        "0.001",
        "1024",
        "1000",
        "123456789",
        "1k",
        "1000k",
        "1.25M",
        "1000M",
        "5G",
        "0.5Ki",
        "1Ki",
        "1024Ki",
        "1.5Mi",
        "1536Mi",
        "1024Mi",
        "0.1Mi",
        "0.125Gi",
        "1.5Gi",
        "20Gi",
        "1048576Mi",
        "3Ti",
        "1Pi",
        "1e3",
        "12e6",
        "999999999999999Pi",
    ];
    let quota = |(index, amount): (usize, &&str)| {
        json!({
            "apiVersion": "v1", "kind": "ResourceQuota",
            "metadata": {"name": format!("q{index}"), "namespace": namespace.name()},
            "spec": {"hard": {"memory": canonical(amount), "requests.memory": amount}},
        })
    };
    let quotas = list(written.iter().enumerate().map(quota));
    let stored = well(&kubectl(server, &["apply", "--server-side", "-f", "-", "-o", "json"], &quotas))["items"].clone();
    for (amount, stored) in written.iter().zip(stored.as_array().expect("a list")) {
        let hard = &stored["spec"]["hard"];
        assert_eq!(hard["memory"], canonical(amount), "what is rendered for {amount} is stored as it is");
        assert_eq!(hard["requests.memory"], canonical(amount), "{amount} is stored so");
    }
}
