//! Pod Security "restricted" (<https://kubernetes.io/docs/concepts/security/pod-security-standards/>, v1.34), and what we ask of
//! a pod beyond it.

use serde_json::{Value, json};

use crate::fixture::{ALONE, FULL, HOST, SHAPES, templates, tenant, wanted};

/// Kinds of volumes that the standard lets through.
const VOLUMES: [&str; 8] =
    ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];

/// What is wrong with a pod template.
fn violations(template: &Value) -> Vec<String> {
    let spec = &template["spec"];
    let mut found: Vec<String> = Vec::new();
    let absent = ["hostNetwork", "hostPID", "hostIPC", "ephemeralContainers", "hostAliases"];
    found.extend(absent.into_iter().filter(|field| !spec[field].is_null()).map(str::to_owned));
    let security = &spec["securityContext"];
    let absent = ["windowsOptions", "sysctls", "seLinuxOptions", "appArmorProfile", "supplementalGroups"];
    found.extend(absent.into_iter().filter(|field| !security[field].is_null()).map(str::to_owned));
    let rules = [
        ("runAsNonRoot", security["runAsNonRoot"] == true),
        ("runAsUser", security["runAsUser"].as_i64().is_some_and(|user| user > 0)),
        ("runAsGroup", security["runAsGroup"].as_i64().is_some_and(|group| group > 0)),
        ("seccompProfile", security["seccompProfile"] == json!({"type": "RuntimeDefault"})),
        ("automountServiceAccountToken", spec["automountServiceAccountToken"] == false),
        ("serviceAccountName", spec["serviceAccountName"].is_string()),
        ("enableServiceLinks", spec["enableServiceLinks"] == false),
        ("containers", spec["containers"].as_array().is_some_and(|list| list.len() == 1)),
    ];
    found.extend(rules.into_iter().filter(|(_, holds)| !holds).map(|(name, _)| name.to_owned()));
    for volume in list(&spec["volumes"]) {
        found.extend(volume_violations(volume).into_iter().map(|what| format!("volume {what}")));
    }
    for container in list(&spec["initContainers"]).chain(list(&spec["containers"])) {
        found.extend(container_violations(container, &spec["volumes"]));
    }
    for container in list(&spec["containers"]) {
        let probes = ["readinessProbe", "livenessProbe"].into_iter().filter(|probe| !container[probe].is_object());
        found.extend(probes.map(str::to_owned));
    }
    found
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn volume_violations(volume: &Value) -> Vec<&'static str> {
    let members = volume.as_object().expect("a volume");
    let mut found = Vec::new();
    if !members.keys().all(|member| member == "name" || VOLUMES.contains(&member.as_str())) {
        found.push("kind");
    }
    let sources = list(&volume["projected"]["sources"]).map(|source| source.as_object().expect("a source"));
    if sources.flat_map(|source| source.keys()).any(|kind| kind == "serviceAccountToken") {
        found.push("token");
    }
    let mode = ["projected", "secret"].into_iter().find_map(|kind| volume[kind].as_object());
    if mode.is_some_and(|kind| kind.get("defaultMode") != Some(&json!(0o440))) {
        found.push("mode");
    }
    found
}

fn container_violations(container: &Value, volumes: &Value) -> Vec<String> {
    let (security, resources) = (&container["securityContext"], &container["resources"]);
    let unset = |field: &str| security[field].is_null();
    let handlers = ["readinessProbe", "livenessProbe", "startupProbe"].map(|probe| &container[probe]);
    let hooks = ["preStop", "postStart"].map(|hook| &container["lifecycle"][hook]);
    let mut names_host = handlers
        .into_iter()
        .chain(hooks)
        .flat_map(|handler| ["httpGet", "tcpSocket"].map(|kind| &handler[kind]["host"]));
    let rules = [
        ("allowPrivilegeEscalation", security["allowPrivilegeEscalation"] == false),
        ("readOnlyRootFilesystem", security["readOnlyRootFilesystem"] == true),
        ("capabilities", security["capabilities"] == json!({"drop": ["ALL"]})),
        ("privileged", unset("privileged")),
        ("procMount", unset("procMount")),
        ("own user", unset("runAsUser") && unset("runAsGroup") && unset("runAsNonRoot")),
        ("own profile", unset("seccompProfile") && unset("appArmorProfile") && unset("seLinuxOptions")),
        ("windowsOptions", unset("windowsOptions")),
        ("hostPort", list(&container["ports"]).all(|port| port["hostPort"].is_null())),
        ("handler's host", names_host.all(Value::is_null)),
        ("requests", ["cpu", "memory"].into_iter().all(|what| resources["requests"][what].is_string())),
        ("limits", resources["limits"]["memory"].is_string()),
        ("environment", container["env"].is_null() && container["envFrom"].is_null()),
        ("imagePullPolicy", container["imagePullPolicy"].is_string()),
        (
            "writable secrets",
            list(&container["volumeMounts"]).all(|mount| mount["readOnly"] == true || is_scratch(mount, volumes)),
        ),
    ];
    rules.into_iter().filter(|(_, holds)| !holds).map(|(name, _)| name.to_owned()).collect()
}

/// What a pod may write to: its data, and nothing that was made for it.
fn is_scratch(mount: &Value, volumes: &Value) -> bool {
    let volume = list(volumes).find(|volume| volume["name"] == mount["name"]).expect("a mounted volume is declared");
    volume["emptyDir"].is_object() || volume["persistentVolumeClaim"].is_object()
}

#[test]
fn every_pod_of_every_shape_is_restricted() {
    let mut seen = 0;
    for (shape, spec) in SHAPES {
        let wanted = wanted(&tenant(spec));
        for (name, template) in templates(&wanted) {
            assert_eq!(violations(template), Vec::<String>::new(), "{shape}: {name}");
            seen += 1;
        }
    }
    assert_eq!(seen, 1 + 2 + 2 + 3);
}

#[test]
fn the_check_finds_each_rule_that_is_broken() {
    let wanted = wanted(&tenant(FULL));
    let good = templates(&wanted)["demo-messaging"];
    let broken = [
        ("/spec/hostNetwork", json!(true), "hostNetwork"),
        ("/spec/hostPID", json!(true), "hostPID"),
        ("/spec/securityContext/runAsNonRoot", json!(false), "runAsNonRoot"),
        ("/spec/securityContext/runAsUser", json!(0), "runAsUser"),
        ("/spec/securityContext/seccompProfile", json!({"type": "Unconfined"}), "seccompProfile"),
        ("/spec/securityContext/sysctls", json!([]), "sysctls"),
        ("/spec/automountServiceAccountToken", json!(true), "automountServiceAccountToken"),
        ("/spec/enableServiceLinks", json!(true), "enableServiceLinks"),
        ("/spec/volumes/0/hostPath", json!({"path": "/"}), "volume kind"),
        ("/spec/volumes/1/projected/sources/0/serviceAccountToken", json!({}), "volume token"),
        ("/spec/volumes/1/projected/defaultMode", json!(0o444), "volume mode"),
        ("/spec/containers/0/securityContext/allowPrivilegeEscalation", json!(null), "allowPrivilegeEscalation"),
        ("/spec/containers/0/securityContext/readOnlyRootFilesystem", json!(false), "readOnlyRootFilesystem"),
        ("/spec/containers/0/securityContext/capabilities/add", json!(["NET_ADMIN"]), "capabilities"),
        ("/spec/containers/0/securityContext/capabilities/drop", json!([]), "capabilities"),
        ("/spec/containers/0/securityContext/privileged", json!(false), "privileged"),
        ("/spec/containers/0/securityContext/runAsUser", json!(0), "own user"),
        ("/spec/containers/0/ports/0/hostPort", json!(80), "hostPort"),
        ("/spec/containers/0/livenessProbe/httpGet/host", json!("db.example.com"), "handler's host"),
        ("/spec/containers/0/readinessProbe", json!(null), "readinessProbe"),
        ("/spec/containers/0/resources/requests/cpu", json!(null), "requests"),
        ("/spec/containers/0/resources/limits", json!({}), "limits"),
        ("/spec/containers/0/env", json!([{"name": "PASSWORD", "value": "x"}]), "environment"),
        ("/spec/containers/0/volumeMounts/1/readOnly", json!(false), "writable secrets"),
        ("/spec/initContainers/0/securityContext/allowPrivilegeEscalation", json!(true), "allowPrivilegeEscalation"),
        ("/spec/initContainers/0/envFrom", json!([]), "environment"),
    ];
    for (path, value, rule) in broken {
        let mut template = good.clone();
        put(&mut template, path, value);
        assert_eq!(violations(&template), [rule], "{path}");
    }
}

/// Sets a member, which may be missing, of something that is there.
fn put(value: &mut Value, path: &str, member: Value) {
    let (parent, name) = path.rsplit_once('/').expect("a path");
    value.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}"))[name] = member;
}

#[test]
fn secrets_reach_a_pod_as_files_alone() {
    for spec in [ALONE, FULL, HOST] {
        let wanted = wanted(&tenant(spec));
        for (name, template) in templates(&wanted) {
            let text = template.to_string();
            for word in ["secretKeyRef", "secretRef", "configMapKeyRef", "fieldRef"] {
                assert!(!text.contains(word), "{name}: {word}");
            }
        }
    }
}
