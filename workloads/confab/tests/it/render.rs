//! Objects on paper.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::Scratch;

/// A tenant with pods of its own, and whatever else is said.
pub const DEDICATED: &str = "placement: {mode: Dedicated}";
pub const ON_POSTGRES: &str =
    "placement: {mode: Dedicated}\n  database: {postgres: {secretRef: {name: db}}}\n  redis: {managed: {}}";

fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/samples");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|extension| extension == "yaml")).collect();
    files.sort();
    files
}

/// The documents that are not empty.
fn documents(text: &str) -> Vec<Value> {
    let documents = text.split("---\n").map(|document| yaml_serde::from_str::<Value>(document).unwrap());
    documents.filter(|document| !document.is_null()).collect()
}

fn names(objects: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    objects.iter().map(|object| format!("{} {}", text(&object["kind"]), text(&object["metadata"]["name"]))).collect()
}

#[test]
fn every_sample_renders_and_twice_the_same() {
    let scratch = Scratch::new();
    let mut objects = 0;
    for sample in samples() {
        let sample = sample.to_str().unwrap();
        let first = scratch.run(&["render", "-f", sample]).well();
        assert_eq!(scratch.run(&["render", "-f", sample]).well(), first);
        objects += documents(&first).len();
        assert!(!first.contains("Time"), "{first}");
    }
    assert!(samples().len() >= 3 && objects > 30, "{objects}");
}

#[test]
fn a_dedicated_tenant_is_its_objects_in_the_order_of_their_application() {
    let scratch = Scratch::new();
    let tenant = scratch.tenant("demo", "chat.example.com", DEDICATED);
    let text = scratch.run(&["render", "-f", tenant.to_str().unwrap()]).well();
    let objects = documents(&text);
    let names = names(&objects);
    assert_eq!(names[..3], ["ServiceAccount demo", "Secret demo-master-key", "Secret demo-admin-tls"]);
    assert!(names.contains(&"StatefulSet demo-serve".to_owned()), "{names:?}");
    assert!(objects.iter().all(|object| object["metadata"]["namespace"] == "default"));
    assert!(objects.iter().all(|object| object["metadata"]["ownerReferences"].is_null()), "there is no uid offline");
    assert!(text.contains("# ChatTenant default/demo: 11 objects"), "{text}");
}

#[test]
fn secrets_are_without_data_and_say_what_goes_in() {
    let scratch = Scratch::new();
    let tenant = scratch.tenant("demo", "chat.example.com", ON_POSTGRES);
    let text = scratch.run(&["render", "-f", tenant.to_str().unwrap()]).well();
    let secrets: Vec<Value> = documents(&text).into_iter().filter(|object| object["kind"] == "Secret").collect();
    assert_eq!(names(&secrets), ["Secret demo-master-key", "Secret demo-admin-tls", "Secret demo-redis"]);
    assert!(secrets.iter().all(|secret| secret["data"].is_null() && secret["stringData"].is_null()));
    for said in [
        "master.key, 32 random bytes",
        "a certificate for demo-messaging.default.svc.cluster.local and",
        "a random password",
    ] {
        assert!(text.lines().any(|line| line.starts_with('#') && line.contains(said)), "{said:?} is not in: {text}");
    }
    assert!(text.contains("# Note: the database of Secret db is taken to listen at port 5432"), "{text}");
}

#[test]
fn a_shared_tenant_has_no_object_and_its_host_is_told() {
    let scratch = Scratch::new();
    let host = scratch.tenant("cell", "cell.example.com", "placement: {mode: Dedicated}\n  allowedTenants: {}");
    let guest = scratch.tenant("guest", "guest.example.com", "placement: {hostRef: {name: cell}}");
    let text = scratch.run(&["render", "-f", guest.to_str().unwrap()]).well();
    assert_eq!(documents(&text), Vec::<Value>::new());
    assert!(
        text.contains("# ChatTenant default/guest is Shared and needs no object. The pods of default/cell are told:"),
        "{text}"
    );
    assert!(text.contains("#     domain: guest.example.com"), "{text}");
    assert!(text.contains("is not among these files"), "{text}");
    let both = scratch.run(&["render", "-f", guest.to_str().unwrap(), "-f", host.to_str().unwrap()]).well();
    assert!(!both.contains("is not among these files") && documents(&both).len() > 5, "{both}");
    let closed = scratch.tenant("cell", "cell.example.com", DEDICATED);
    let refused = scratch.run(&["render", "-f", guest.to_str().unwrap(), "-f", closed.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    refused.badly(&["default/guest: default/cell takes no guests; give it spec.allowedTenants"]);
}

#[test]
fn images_keys_and_the_default_host_are_those_of_the_operators_settings() {
    let scratch = Scratch::new();
    let tenant = scratch.tenant("demo", "chat.example.com", ON_POSTGRES);
    let guest = scratch.tenant("guest", "guest.example.com", "");
    let settings = scratch.file(
        "operator.yaml",
        "default_host: cells/cell\ntenants:\n  images: {messaging: registry.example.com/m:7}\n  operator_keys: [AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=]\n",
    );
    let files = [
        "render",
        "-f",
        tenant.to_str().unwrap(),
        "-f",
        guest.to_str().unwrap(),
        "--settings",
        settings.to_str().unwrap(),
    ];
    let text = scratch.run(&files).well();
    assert!(text.contains("image: registry.example.com/m:7"), "{text}");
    assert!(text.contains("- AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), "{text}");
    assert!(!text.contains("operator_keys is empty") && text.contains("The pods of cells/cell are told"), "{text}");
    let wrong = scratch.file("wrong.yaml", "imagess: {}");
    let refused = scratch.run(&["render", "-f", tenant.to_str().unwrap(), "--settings", wrong.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    refused.badly(&["wrong.yaml", "unknown field `imagess`"]);
}

#[test]
fn kinds_of_others_are_there_as_far_as_they_are_needed_or_named() {
    let scratch = Scratch::new();
    let more = format!("{ON_POSTGRES}\n  gateway: {{httpRoute: {{parentRefs: [{{name: web}}]}}}}");
    let tenant = scratch.tenant("demo", "chat.example.com", &more);
    let file = tenant.to_str().unwrap();
    let kinds = |arguments: &[&str]| {
        let text = scratch.run(&[&["render", "-f", file], arguments].concat()).well();
        names(&documents(&text)).join(" ")
    };
    assert!(kinds(&[]).contains("HTTPRoute demo-ws") && !kinds(&[]).contains("ServiceMonitor"));
    assert!(kinds(&["--capability", "gatewayAPI", "--capability", "serviceMonitor"]).contains("ServiceMonitor demo"));
    let refused = scratch.run(&["render", "-f", file, "--capability", "certManager"]);
    assert_eq!(refused.status.code(), Some(2));
    refused.badly(&["default/demo: spec.gateway.httpRoute needs the Gateway API"]);
}

#[test]
fn json_is_one_list_and_what_is_to_be_said_stands_beside_it() {
    let scratch = Scratch::new();
    let tenant = scratch.tenant("demo", "chat.example.com", DEDICATED);
    let mut command = crate::program::confab(&["render", "-f", tenant.to_str().unwrap(), "-o", "json"]);
    let output = command.output().unwrap();
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&list["kind"], list["items"].as_array().unwrap().len()), (&Value::from("List"), 11));
    assert!(String::from_utf8_lossy(&output.stderr).contains("ChatTenant default/demo: 11 objects"));
}

#[test]
fn a_folder_has_a_file_for_each_object_and_none_of_an_earlier_rendering() {
    let scratch = Scratch::new();
    let tenant = scratch.tenant("demo", "chat.example.com", ON_POSTGRES);
    let render = |tenant: &Path| scratch.run(&["render", "-f", tenant.to_str().unwrap(), "-o", "dir=out"]).well();
    render(&tenant);
    let folder = scratch.path().join("out/default/demo");
    let files = || {
        let mut files: Vec<String> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        files
    };
    let first = files();
    assert!(first.contains(&"deployment-demo-messaging.yaml".to_owned()), "{first:?}");
    fs::write(folder.join("theirs.yaml"), "a: 1\n").unwrap();
    let changed =
        scratch.tenant("demo", "chat.example.com", &ON_POSTGRES.replace("{name: db}", "{name: db}, maxConnections: 9"));
    render(&changed);
    let second = files();
    let config =
        |files: &[String]| files.iter().find(|file| file.starts_with("configmap-demo-messaging-")).unwrap().clone();
    assert_ne!(config(&first), config(&second));
    assert_eq!(
        second.len(),
        first.len() + 1,
        "the former Configs are gone, and somebody else's file is not: {second:?}"
    );
    let text = fs::read_to_string(folder.join("secret-demo-master-key.yaml")).unwrap();
    assert!(
        text.starts_with("# Rendered by `confab render`") && text.contains("master.key, 32 random bytes"),
        "{text}"
    );
}

#[test]
fn a_bad_file_is_told_with_its_line() {
    let scratch = Scratch::new();
    let tenant = scratch.tenant("demo", "chat.example.com", "replicas: 3");
    for command in ["render", "plan"] {
        let refused = scratch.run(&[command, "-f", tenant.to_str().unwrap()]);
        assert_eq!(refused.status.code(), Some(2), "{}", refused.text);
        refused.badly(&["demo.yaml:7", "spec.replicas", "needs placement.mode: Dedicated"]);
    }
    assert_eq!(scratch.run(&["render", "-f", "no-such-file.yaml"]).status.code(), Some(2));
}
