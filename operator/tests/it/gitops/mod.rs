//! What GitOps tools and `kubectl wait` make of a tenant's status.

mod lua;
mod states;

use std::io::Read as _;
use std::process::Stdio;

use confab_desired::names::{RELEASE, RESTARTED_AT};
use confab_testbed::kubernetes::kubernetes;
use serde_json::{Value, json};

use crate::account::documents;
use crate::kubectl::kubectl;
use crate::lab::install;
use states::{State, all, good, rolling_out, tenant, waiting, with};

fn health(tenant: &Value) -> Value {
    lua::run(&lua::folder().join("health.lua"), tenant).expect("a health")
}

#[test]
fn argo_cd_sees_each_state_as_what_it_is() {
    for State { name, tenant, health: expected, told, .. } in all() {
        let found = health(&tenant);
        assert_eq!(found["status"], expected, "{name}: {found}");
        assert!(found["message"].as_str().expect("a message").contains(told), "{name}: {found}");
    }
}

/// As <https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md> has it for kinds that it does not know.
fn kstatus(tenant: &Value) -> &'static str {
    let status = &tenant["status"];
    let is = |name: &str, wanted: &str| {
        let conditions = status["conditions"].as_array();
        conditions.into_iter().flatten().any(|found| found["type"] == name && found["status"] == wanted)
    };
    if tenant["metadata"]["deletionTimestamp"].is_string() {
        return "Terminating";
    }
    if status["observedGeneration"] != tenant["metadata"]["generation"] || is("Reconciling", "True") {
        return "InProgress";
    }
    if is("Stalled", "True") {
        return "Failed";
    }
    if is("Ready", "True") { "Current" } else { "InProgress" }
}

#[test]
fn kstatus_sees_the_same_and_a_condition_of_abnormality_is_there_only_while_it_holds() {
    for State { name, tenant, kstatus: expected, .. } in all() {
        assert_eq!(kstatus(&tenant), expected, "{name}");
        for condition in tenant["status"]["conditions"].as_array().into_iter().flatten() {
            if condition["type"] == "Reconciling" || condition["type"] == "Stalled" {
                assert_eq!(condition["status"], "True", "{name}");
            }
            let generation = condition["observedGeneration"].as_i64().expect("a generation");
            assert!(generation <= tenant["metadata"]["generation"].as_i64().expect("a generation"), "{name}");
        }
    }
}

fn action(name: &str, tenant: &Value) -> Value {
    lua::run(&lua::folder().join(format!("actions/{name}/action.lua")), tenant).expect("an object")
}

/// The names of the actions that are offered.
fn offered(tenant: &Value) -> Vec<String> {
    let found = lua::run(&lua::folder().join("actions/discovery.lua"), tenant).expect("actions");
    let actions = found.as_object().expect("a map");
    assert_eq!(actions.len(), 6);
    let offered = actions.iter().filter(|(_, action)| action["disabled"] == false);
    let mut names: Vec<String> = offered.map(|(name, _)| name.clone()).collect();
    names.sort();
    names
}

#[test]
fn argo_cd_offers_what_makes_sense_in_each_state() {
    assert_eq!(offered(&tenant(&json!({}))), ["hibernate", "pause", "restart"]);
    assert_eq!(offered(&tenant(&json!({"placement": {"mode": "Shared"}}))), ["hibernate", "pause"]);
    assert_eq!(offered(&tenant(&json!({"hibernated": true}))), ["pause", "wake"]);
    assert_eq!(offered(&with(&json!({"paused": true}), waiting())), ["hibernate", "resume"]);
    let waits = with(&json!({}), waiting());
    assert_eq!(offered(&waits), ["hibernate", "pause", "release", "restart"]);
    assert_eq!(offered(&action("release", &waits)), ["hibernate", "pause", "restart"], "it was let in");
}

#[test]
fn an_action_changes_what_it_says_and_nothing_else() {
    let before = with(&json!({"limits": {"groupMembers": 12}}), waiting());
    let changed = |name: &str, before: &Value| {
        let mut after = action(name, before);
        let (spec, annotations) = (after["spec"].take(), after["metadata"]["annotations"].take());
        let mut rest = before.clone();
        rest["spec"] = Value::Null;
        rest["metadata"]["annotations"] = Value::Null;
        assert_eq!(after, rest, "{name}");
        (spec, annotations)
    };
    let spec = |more: Value| {
        let mut spec = before["spec"].clone();
        spec.as_object_mut().expect("a map").extend(more.as_object().cloned().expect("a map"));
        spec
    };
    assert_eq!(changed("hibernate", &before), (spec(json!({"hibernated": true})), Value::Null));
    assert_eq!(changed("pause", &before), (spec(json!({"paused": true})), Value::Null));
    let mut asleep = before.clone();
    asleep["spec"] = spec(json!({"hibernated": true, "paused": true}));
    assert_eq!(changed("wake", &asleep), (spec(json!({"paused": true})), Value::Null));
    assert_eq!(changed("resume", &asleep), (spec(json!({"hibernated": true})), Value::Null));
    assert_eq!(changed("release", &before), (spec(json!({})), json!({RELEASE: "2"})));
    let mut annotated = before.clone();
    annotated["metadata"]["annotations"] = json!({"theirs": "x"});
    let (same, annotations) = changed("restart", &annotated);
    assert_eq!((same, &annotations["theirs"]), (spec(json!({})), &json!("x")));
    let at: jiff::Timestamp = annotations[RESTARTED_AT].as_str().expect("a time").parse().expect("a time");
    assert!(jiff::Timestamp::now().duration_since(at).as_secs().abs() < 600);
}

#[test]
fn the_config_map_holds_the_very_scripts() {
    let file = lua::folder().join("../../../argocd-cm.yaml");
    let patch = documents(&std::fs::read_to_string(file).unwrap()).remove(0);
    let read = |path: &str| std::fs::read_to_string(lua::folder().join(path)).unwrap();
    assert_eq!(patch["data"]["resource.customizations.health.confab.dev_ChatTenant"], read("health.lua"));
    let actions = patch["data"]["resource.customizations.actions.confab.dev_ChatTenant"].as_str().unwrap();
    let actions = documents(actions).remove(0);
    assert_eq!(actions["discovery.lua"], read("actions/discovery.lua"));
    let mut names: Vec<String> = Vec::new();
    for definition in actions["definitions"].as_array().unwrap() {
        let name = definition["name"].as_str().unwrap();
        assert_eq!(definition["action.lua"], read(&format!("actions/{name}/action.lua")));
        names.push(name.to_owned());
    }
    names.sort();
    let folders = std::fs::read_dir(lua::folder().join("actions")).unwrap().map(|entry| entry.unwrap());
    let folders = folders.filter(|entry| entry.path().is_dir());
    let mut folders: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    folders.sort();
    assert_eq!(names, folders);
}

#[test]
fn the_scripts_get_along_with_what_argo_cd_leaves_out() {
    let script = tempfile::NamedTempFile::new().unwrap();
    for missing in
        ["string.len('x')", "('x'):len()", "math.floor(1)", "io.write('x')", "os.getenv('HOME')", "require('io')"]
    {
        std::fs::write(script.path(), format!("return {{ {missing} }}")).unwrap();
        lua::run(script.path(), &json!({})).expect_err(missing);
    }
}

#[tokio::test]
async fn kubectl_wait_ends_when_the_newest_spec_is_ready_and_not_before() {
    let server = kubernetes().await;
    install(server).await;
    let namespace = server.namespace().await.name().to_owned();
    let run = |arguments: &[&str], input: &str| {
        let arguments = [&["-n", &namespace], arguments].concat();
        kubectl(server.kubectl(), &arguments, input).expect("kubectl succeeds")
    };
    let mut demo = tenant(&json!({}));
    demo["metadata"] = json!({"name": "demo"});
    run(&["apply", "--server-side", "-f", "-"], &demo.to_string());
    let wait = |seconds: u8| {
        let mut kubectl = server.kubectl();
        let timeout = format!("--timeout={seconds}s");
        kubectl.args(["-n", &namespace, "wait", "--for=condition=Ready", &timeout, "chattenant/demo"]);
        kubectl
    };
    let write = |observed: &Value, generation: i64| {
        let mut status = observed["status"].clone();
        for condition in status["conditions"].as_array_mut().expect("conditions") {
            condition["observedGeneration"] = generation.into();
        }
        status["observedGeneration"] = generation.into();
        let patch = json!({"status": status}).to_string();
        run(&["patch", "chattenant", "demo", "--subresource=status", "--type=merge", "-p", &patch], "");
    };
    for (observed, generation) in [(good(), 0), (rolling_out(), 1)] {
        write(&with(&json!({}), observed), generation);
        let said = kubectl(wait(1), &[], "").expect_err("an older spec, or one that is not ready");
        assert!(said.contains("timed out"), "{said}");
    }
    let mut waiting = wait(60).stdout(Stdio::piped()).spawn().expect("kubectl starts");
    write(&with(&json!({}), good()), 1);
    let ended = tokio::task::spawn_blocking(move || {
        let status = waiting.wait().expect("it ends");
        let mut said = String::new();
        waiting.stdout.take().expect("it is piped").read_to_string(&mut said).expect("text");
        (status.success(), said)
    });
    assert_eq!(ended.await.expect("no panic"), (true, "chattenant.confab.dev/demo condition met\n".to_owned()));
}
