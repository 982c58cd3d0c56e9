//! Who may speak to whom.

use serde_json::{Value, json};

use super::wanted;
use crate::build::{Former, objects};
use crate::fixture::{ALONE, EMBEDDED, FULL, HOST, SHAPES, checked, find, settings, templates, tenant};
use crate::kind::Kind;
use crate::settings::Origin;

fn policy(spec: &str, name: &str) -> Value {
    find(&wanted(spec), Kind::NetworkPolicy, name)["spec"].clone()
}

/// `peers → ports` of each rule.
fn rules(spec: &Value, way: &str) -> Vec<(Value, Vec<u64>)> {
    let peers = if way == "ingress" { "from" } else { "to" };
    let ports = |rule: &Value| {
        rule["ports"].as_array().expect("ports").iter().filter_map(|port| port["port"].as_u64()).collect()
    };
    spec[way].as_array().into_iter().flatten().map(|rule| (rule[peers].clone(), ports(rule))).collect()
}

#[test]
fn everything_of_a_tenant_is_denied_both_ways_first() {
    for (shape, spec) in SHAPES {
        let wanted = wanted(spec);
        let deny = &find(&wanted, Kind::NetworkPolicy, "demo")["spec"];
        assert_eq!(deny["policyTypes"], json!(["Ingress", "Egress"]), "{shape}");
        assert!(deny["ingress"].is_null() && deny["egress"].is_null(), "{shape}");
        let selected = deny["podSelector"]["matchLabels"].as_object().expect("labels");
        for (name, template) in templates(&wanted) {
            let labels = &template["metadata"]["labels"];
            assert!(selected.iter().all(|(key, value)| labels[key] == *value), "{shape}: {name} is not selected");
        }
    }
}

#[test]
fn each_role_has_a_policy_of_its_own_that_selects_its_pods_and_no_others() {
    for (shape, spec) in SHAPES {
        let wanted = wanted(spec);
        for (name, _) in templates(&wanted) {
            let selector = find(&wanted, Kind::NetworkPolicy, name)["spec"]["podSelector"]["matchLabels"].clone();
            let selector = selector.as_object().expect("labels");
            let chosen = templates(&wanted).into_iter().filter(|(_, template)| {
                selector.iter().all(|(key, value)| template["metadata"]["labels"][key] == *value)
            });
            assert_eq!(chosen.map(|(name, _)| name).collect::<Vec<_>>(), [name], "{shape}");
        }
    }
}

#[test]
fn clients_reach_the_api_alone_and_only_from_where_the_spec_says() {
    let http = |spec, name| {
        rules(&policy(spec, name), "ingress").into_iter().find(|(_, ports)| ports == &[8080]).expect("a rule").0
    };
    assert_eq!(http(ALONE, "demo-messaging"), Value::Null, "everybody");
    let from = json!([{"namespaceSelector": {"matchLabels": {"ingress": "yes"}}}]);
    assert_eq!(http(FULL, "demo-messaging"), from);
    assert_eq!(http(FULL, "demo-presence"), from);
    for (spec, name, count) in [(FULL, "demo-messaging", 3), (FULL, "demo-presence", 2), (EMBEDDED, "demo-serve", 3)] {
        assert_eq!(rules(&policy(spec, name), "ingress").len(), count, "{name}");
    }
}

#[test]
fn the_operator_alone_reaches_the_admin_listener() {
    let admin = |name| rules(&policy(FULL, name), "ingress").into_iter().find(|(_, ports)| ports == &[9091]);
    let operator = json!([{
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "confab-system"}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "confab-operator"}},
    }]);
    assert_eq!(admin("demo-messaging").expect("a rule").0, operator);
    assert_eq!(admin("demo-presence"), None);
}

#[test]
fn metrics_are_for_any_pod_until_prometheus_is_named() {
    let scrapers = |monitoring| {
        let settings = crate::Settings { monitoring, ..settings() };
        let wanted = objects(&checked(&tenant(ALONE)), &settings, &Former::new());
        let spec = find(&wanted, Kind::NetworkPolicy, "demo-presence")["spec"].clone();
        rules(&spec, "ingress").into_iter().find(|(_, ports)| ports == &[9090]).expect("a rule").0
    };
    assert_eq!(scrapers(None), json!([{"namespaceSelector": {}}]));
    let prometheus = Origin { namespace: "monitoring".to_owned(), pod_labels: std::collections::BTreeMap::new() };
    assert_eq!(
        scrapers(Some(prometheus)),
        json!([{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}])
    );
}

#[test]
fn pods_may_speak_to_dns_the_database_and_redis_and_to_nobody_else() {
    let ports = |spec, name| {
        rules(&policy(spec, name), "egress").into_iter().map(|(to, ports)| (to.is_null(), ports)).collect::<Vec<_>>()
    };
    assert_eq!(ports(EMBEDDED, "demo-serve"), [(true, vec![53, 53])]);
    assert_eq!(ports(ALONE, "demo-presence"), [(true, vec![53, 53]), (true, vec![6000])]);
    assert_eq!(ports(FULL, "demo-messaging"), [(true, vec![53, 53]), (true, vec![6000]), (true, vec![6380])]);
    let host = rules(&policy(HOST, "demo-messaging"), "egress");
    assert_eq!(host[2].0[0]["podSelector"]["matchLabels"]["app.kubernetes.io/component"], "redis");
    assert_eq!(host[2].1, [6379]);
}

#[test]
fn a_managed_redis_is_for_the_pods_of_its_tenant_and_speaks_to_nobody() {
    let spec = policy(HOST, "demo-redis");
    assert_eq!(spec["policyTypes"], json!(["Ingress", "Egress"]));
    assert!(spec["egress"].is_null());
    let rules = rules(&spec, "ingress");
    assert_eq!(rules.len(), 1);
    let from: Vec<&Value> =
        rules[0].0.as_array().expect("peers").iter().map(|peer| &peer["podSelector"]["matchLabels"]).collect();
    assert_eq!(
        from.iter().map(|labels| labels["app.kubernetes.io/component"].clone()).collect::<Vec<_>>(),
        ["messaging", "presence"]
    );
    assert!(from.iter().all(|labels| labels["app.kubernetes.io/instance"] == "demo"));
}
