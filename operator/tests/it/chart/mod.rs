//! The charts: what they render, and that they install.

mod helm;
mod installed;
mod schemas;
mod sets;
mod site;

use confab_chassis::config;
use confab_contract::config::Checked as _;
use confab_crds::generate;
use confab_desired::Settings;
use confab_desired::delivery::roles;
use confab_operator::config::OperatorConfig;
use serde_json::{Value, json};

use crate::account::documents;
use helm::{Helm, chart};

pub use site::site;

/// Objects of a kind.
fn of<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

fn one<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    let found = of(objects, kind);
    assert_eq!(found.len(), 1, "{kind}");
    found[0]
}

/// The objects of the operator's chart in namespace `system`.
fn rendered(values: &Value) -> Vec<Value> {
    rendered_in("system", values)
}

/// The objects of the operator's chart.
pub fn rendered_in(namespace: &str, values: &Value) -> Vec<Value> {
    Helm::offline().template(namespace, values).expect("it can be rendered")
}

fn config_of(objects: &[Value]) -> OperatorConfig {
    let text = one(objects, "ConfigMap")["data"]["config.yaml"].as_str().expect("a Config");
    config::parse("config.yaml", text).unwrap_or_else(|error| panic!("{error:#}\n{text}"))
}

#[test]
fn the_charts_pass_the_linter() {
    let helm = Helm::offline();
    for name in ["confab", "confab-crds"] {
        helm.run(&["lint", "--strict", "--kube-version", "1.34.4", &chart(name)]).unwrap();
    }
}

#[test]
fn the_charts_are_of_the_version_of_the_workspace() {
    for name in ["confab", "confab-crds"] {
        let text = std::fs::read_to_string(format!("{}/Chart.yaml", chart(name))).unwrap();
        let about = &documents(&text)[0];
        assert_eq!(
            (&about["version"], &about["appVersion"]),
            (&json!(env!("CARGO_PKG_VERSION")), &json!(env!("CARGO_PKG_VERSION")))
        );
    }
}

#[test]
fn every_set_of_values_gives_a_config_that_the_operator_takes() {
    for (name, values) in sets::all() {
        let config = config_of(&rendered(&values));
        assert!(config.problems().is_empty(), "{name}: {:?}", config.problems());
        assert_eq!(config.namespace, "system", "{name}");
    }
}

#[test]
fn without_values_the_config_says_what_the_operator_assumes_anyway() {
    let mut expected = OperatorConfig { namespace: "system".to_owned(), ..OperatorConfig::default() };
    expected.tenants.operator.namespace = "system".to_owned();
    expected.tenants.operator.pod_labels.insert("app.kubernetes.io/instance".to_owned(), "confab".to_owned());
    assert_eq!(config_of(&rendered(&json!({}))), expected);
}

#[test]
fn values_arrive_in_the_config() {
    let sets = sets::all();
    let of = |wanted: &str| {
        let (_, values) = sets.iter().find(|(name, _)| *name == wanted).expect("a set");
        config_of(&rendered(values))
    };
    let config = of("surroundings");
    assert_eq!(config.workers, 8);
    assert_eq!(config.resync_seconds, 86_400);
    assert_eq!((config.election.lease.as_str(), config.election.duration_seconds), ("another", 30));
    assert_eq!(config.log.filter, "info,confab_operator=debug");
    let Settings { release, images, cluster_domain, .. } = config.tenants;
    assert_eq!((release.as_str(), cluster_domain.as_str()), ("1.2.3", "example.internal"));
    assert_eq!(images.messaging, "registry.example.com:5000/chat/confab-messaging:1.2.3");
    assert_eq!(images.presence, "registry.example.com:5000/chat/gateway:1.2.4");
    assert_eq!(images.serve, "registry.example.com:5000/chat/confab:1.2.3");
    assert_eq!(images.redis, "mirror.example.com:5000/valkey:8");
    assert_eq!(of("host").default_host.as_deref(), Some("cells/cell"));
    assert_eq!(of("namespaced").watch_namespaces, ["tenants", "more"]);
    let monitoring = of("monitored").tenants.monitoring.expect("Prometheus is known");
    assert_eq!((monitoring.namespace.as_str(), monitoring.pod_labels.len()), ("monitoring", 1));
    assert_eq!(of("monitored").tenants.service_monitor_labels["release"], "prometheus");
}

#[test]
fn the_operator_s_pods_carry_the_labels_by_which_tenants_let_them_in() {
    for (name, values) in sets::all() {
        let objects = rendered(&values);
        let origin = config_of(&objects).tenants.operator;
        let deployment = one(&objects, "Deployment");
        let template = &deployment["spec"]["template"];
        for (key, value) in &origin.pod_labels {
            assert_eq!(template["metadata"]["labels"][key], value.as_str(), "{name}");
        }
        assert_eq!(deployment["metadata"]["namespace"], origin.namespace.as_str(), "{name}");
        assert_eq!(json!(origin.pod_labels), deployment["spec"]["selector"]["matchLabels"], "{name}");
    }
}

#[test]
fn another_config_replaces_the_pods_and_the_same_does_not() {
    let digest = |values: &Value| {
        let objects = rendered(values);
        one(&objects, "Deployment")["spec"]["template"]["metadata"]["annotations"]["confab.dev/config-digest"].clone()
    };
    assert!(digest(&json!({})).is_string());
    assert_eq!(digest(&json!({})), digest(&json!({"replicas": 3, "networkPolicy": {"enabled": false}})));
    assert_ne!(digest(&json!({})), digest(&json!({"workers": 3})));
}

#[test]
fn the_roles_are_those_of_the_table() {
    let rules = |text: String| documents(&text)[0]["rules"].clone();
    let (tenants, own) = (rules(roles::everywhere("x")), rules(roles::own("x")));
    let objects = rendered(&json!({}));
    assert_eq!(one(&objects, "ClusterRole")["rules"], tenants);
    assert_eq!(one(&objects, "Role")["rules"], own);

    let objects = rendered(&json!({"watchNamespaces": ["a", "b"], "election": {"lease": "another"}}));
    assert!(of(&objects, "ClusterRole").is_empty() && of(&objects, "ClusterRoleBinding").is_empty());
    let namespaces: Vec<&Value> = of(&objects, "Role").iter().map(|role| &role["metadata"]["namespace"]).collect();
    assert_eq!(namespaces, ["system", "a", "b"]);
    assert_eq!(of(&objects, "Role")[1]["rules"], tenants);
    assert_eq!(of(&objects, "Role")[0]["rules"][0]["resourceNames"], json!(["another"]));
    for binding in of(&objects, "RoleBinding") {
        assert_eq!(
            binding["subjects"],
            json!([{"kind": "ServiceAccount", "name": "confab-operator", "namespace": "system"}])
        );
    }
}

#[test]
fn values_that_cannot_work_are_refused_by_the_name_of_the_field() {
    let helm = Helm::offline();
    for (field, values) in sets::broken() {
        let refusal = helm.template("system", &values).expect_err(&values.to_string());
        assert!(
            refusal.contains(field) && refusal.contains("values don't meet the specifications"),
            "{values}: {refusal}"
        );
    }
    let mut values = sets::host();
    values["watchNamespaces"] = json!(["tenants"]);
    let refusal = helm.template("system", &values).expect_err("nobody would look after the host");
    assert!(refusal.contains("add it there, or set defaultHost.namespace"), "{refusal}");
}

#[test]
fn every_value_is_described_by_a_schema_that_knows_no_other() {
    for name in ["confab", "confab-crds"] {
        let read = |file: &str| std::fs::read_to_string(format!("{}/{file}", chart(name))).unwrap();
        let text = read("values.yaml");
        let schema: Value = serde_json::from_str(&read("values.schema.json")).unwrap();
        described(&documents(&text)[0], &schema, name);
    }
}

fn described(values: &Value, schema: &Value, at: &str) {
    let (Value::Object(values), Value::Object(properties)) = (values, &schema["properties"]) else { return };
    assert_eq!(schema["additionalProperties"], false, "{at}");
    for (key, value) in values {
        let property = properties.get(key).unwrap_or_else(|| panic!("{at}.{key}"));
        described(value, property, &format!("{at}.{key}"));
    }
}

#[test]
fn the_chart_of_the_definitions_holds_them_whole_and_keeps_them() {
    let helm = Helm::offline();
    for keep in ["true", "false"] {
        let objects = documents(&helm.text("confab-crds", &["--set", &format!("keep={keep}")]));
        for definition in generate::definitions() {
            let rendered = of(&objects, "CustomResourceDefinition");
            let found = rendered.iter().find(|found| found["metadata"]["name"] == json!(definition.metadata.name));
            let found = found.expect("it is in the chart");
            let policy = if keep == "true" { json!("keep") } else { Value::Null };
            assert_eq!(found["metadata"]["annotations"]["helm.sh/resource-policy"], policy);
            let committed = generate::files().into_iter().find(|file| file.path.starts_with("crds/")).expect("a file");
            assert_eq!(found["spec"], documents(&committed.text)[0]["spec"]);
        }
    }
}
