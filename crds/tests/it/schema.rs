//! Every keyword of the schema, fed with a value on either side of it.
//!
//! The cases are made from the definition itself, so that a new field is tested from its first day.

use std::collections::BTreeSet;

use confab_crds::ChatTenant;
use confab_crds::offline::{BrokenRule, load};
use kube::CustomResourceExt;
use serde_json::{Value, json};

use crate::placed::Placed;
use crate::{problems, tenant};

/// What the walk below makes cases for, and what needs none.
const TRIED: [&str; 12] = [
    "type",
    "properties",
    "required",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "maxItems",
    "items",
    "x-kubernetes-list-type",
];
const SILENT: [&str; 6] =
    ["description", "title", "format", "nullable", "x-kubernetes-list-map-keys", "x-kubernetes-validations"];

fn schema() -> Value {
    let definition = serde_json::to_value(ChatTenant::crd()).unwrap();
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

/// A tenant with every field, so that each can be changed in its place.
fn full() -> Value {
    let rate = json!({"requests": 10, "perSeconds": 10});
    json!({
        "apiVersion": "confab.dev/v1alpha1",
        "kind": "ChatTenant",
        "metadata": {"name": "full", "namespace": "team-a", "labels": {"app.kubernetes.io/part-of": "chat"}},
        "spec": {
            "domain": "full.example.com",
            "placement": {"mode": "Dedicated"},
            "database": {"postgres": {"secretRef": {"name": "db", "key": "uri"}}},
            "redis": {"secretRef": {"name": "redis", "key": "uri"}},
            "auth": {
                "registration": "Closed", "accessTokenSeconds": 600, "refreshTokenDays": 7,
                "allowedOrigins": ["https://app.example.com"],
            },
            "encryption": "EndToEnd",
            "limits": {
                "authentication": rate, "regular": rate, "uploads": rate, "websocket": rate,
                "groupMembers": 50, "messageBytes": 1000, "metadataBytes": 1000, "connectionsPerUser": 3,
            },
        },
        "status": {
            "observedGeneration": 3,
            "conditions": [{
                "type": "Ready", "status": "True", "reason": "Serving", "message": "", "observedGeneration": 3,
                "lastTransitionTime": "2026-11-22T10:00:00Z",
            }],
        },
    })
}

/// One value that must pass, or that must break one keyword at one path.
struct Case {
    object: Value,
    expected: Option<(String, &'static str)>,
}

#[derive(Default)]
struct Cases {
    list: Vec<Case>,
    keywords: BTreeSet<String>,
}

impl Cases {
    fn pass(&mut self, pointer: &str, value: Value) {
        self.list.push(Case { object: with(pointer, value), expected: None });
    }

    fn fail(&mut self, pointer: &str, value: Value, keyword: &'static str) {
        self.list.push(Case { object: with(pointer, value), expected: Some((dotted(pointer), keyword)) });
    }

    fn of(&mut self, schema: &Value, pointer: &str) {
        self.keywords.extend(schema.as_object().unwrap().keys().cloned());
        match schema["type"].as_str().unwrap() {
            "object" => self.of_object(schema, pointer),
            "array" => self.of_array(schema, pointer),
            "string" => self.of_text(schema, pointer),
            "integer" => self.of_number(schema, pointer),
            other => panic!("a type without a case: {other}"),
        }
    }

    fn of_object(&mut self, schema: &Value, pointer: &str) {
        if !pointer.is_empty() {
            self.fail(pointer, json!("text"), "type");
        }
        let odd = format!("{pointer}/qqqqqqqq");
        self.fail(&odd, json!(1), "unknownField");
        for name in schema["required"].as_array().into_iter().flatten() {
            let pointer = format!("{pointer}/{}", name.as_str().unwrap());
            // Null counts as left out.
            self.fail(&pointer, Value::Null, "required");
            self.list.push(Case { object: without(&pointer), expected: Some((dotted(&pointer), "required")) });
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            self.of(property, &format!("{pointer}/{name}"));
        }
    }

    fn of_array(&mut self, schema: &Value, pointer: &str) {
        self.fail(pointer, json!({"a": 1}), "type");
        let items = |count: u64| (0..count).map(|n| format!("https://h{n}.example.com")).collect::<Value>();
        if let Some(most) = schema["maxItems"].as_u64() {
            self.pass(pointer, items(most));
            self.fail(pointer, items(most + 1), "maxItems");
        }
        let item = full().pointer(&format!("{pointer}/0")).unwrap().clone();
        if schema["x-kubernetes-list-type"].is_string() {
            let object = with(pointer, json!([item, item]));
            self.list.push(Case { object, expected: Some((format!("{}[1]", dotted(pointer)), "unique")) });
        }
        self.of(&schema["items"], &format!("{pointer}/0"));
    }

    fn of_text(&mut self, schema: &Value, pointer: &str) {
        self.fail(pointer, json!(5), "type");
        self.fail(pointer, json!(true), "type");
        for name in schema["enum"].as_array().into_iter().flatten() {
            self.list.push(Case { object: with_mode(pointer, name), expected: None });
        }
        if schema["enum"].is_array() {
            self.fail(pointer, json!("Sideways"), "enum");
        }
        if schema["minLength"].is_u64() {
            self.fail(pointer, json!(""), "minLength");
        }
        if let Some(most) = schema["maxLength"].as_u64() {
            self.pass(pointer, json!(long_text(pointer, most)));
            self.fail(pointer, json!("a".repeat(usize::try_from(most).unwrap() + 1)), "maxLength");
        }
        if schema["pattern"].is_string() {
            for wrong in ["a b", "A!", "x/y", "é"] {
                self.fail(pointer, json!(wrong), "pattern");
            }
        }
    }

    fn of_number(&mut self, schema: &Value, pointer: &str) {
        for wrong in [json!("5"), json!(1.5), json!(false), json!([1])] {
            self.fail(pointer, wrong, "type");
        }
        for (keyword, outward) in [("minimum", -1), ("maximum", 1)] {
            if let Some(bound) = schema[keyword].as_f64() {
                let bound: i64 = format!("{bound}").parse().unwrap();
                self.pass(pointer, json!(bound));
                self.fail(pointer, json!(bound + outward), keyword);
            }
        }
    }
}

/// The longest allowed text of a field.
fn long_text(pointer: &str, most: u64) -> String {
    let name = |length: usize| "abcdefghi.".chars().cycle().take(length - 1).chain(['a']).collect::<String>();
    let most = usize::try_from(most).unwrap();
    if pointer.contains("allowedOrigins") { format!("https://{}:65535", name(most - 14)) } else { name(most) }
}

fn with(pointer: &str, value: Value) -> Value {
    let mut object = full();
    if pointer.contains("/embedded/") {
        object["spec"]["database"] = json!({"embedded": {}});
        object["spec"].as_object_mut().unwrap().remove("redis");
    }
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match object.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        parent => parent[key] = value,
    }
    object
}

/// A Shared tenant may name neither PostgreSQL nor Redis.
fn with_mode(pointer: &str, value: &Value) -> Value {
    let mut object = with(pointer, value.clone());
    if value == "Shared" {
        object["spec"].as_object_mut().unwrap().retain(|key, _| key != "database" && key != "redis");
    }
    object
}

fn without(pointer: &str) -> Value {
    let mut object = full();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    object.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key);
    object
}

fn dotted(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace("/0", "[0]").replace('/', ".")
}

#[test]
fn every_keyword_at_every_field_is_enforced() {
    let mut cases = Cases::default();
    cases.of(&schema(), "");
    assert!(cases.list.len() > 200, "{}", cases.list.len());
    for Case { object, expected } in cases.list {
        let placed = Placed::write(&object);
        let result = load("t.yaml", &placed.yaml);
        let Some((path, keyword)) = expected else {
            assert!(result.is_ok(), "{:?}\n{}", result, placed.yaml);
            continue;
        };
        let problems = result.expect_err(&placed.yaml);
        let found = problems.iter().find(|problem| problem.path == path && problem.rule == BrokenRule::Schema(keyword));
        let problem = found.unwrap_or_else(|| panic!("{path} {keyword}: {problems:#?}\n{}", placed.yaml));
        let around = if keyword == "required" { &path[..path.rfind('.').unwrap_or(0)] } else { &path };
        assert_eq!(problem.line, placed.line(around), "{problem}\n{}", placed.yaml);
        assert_eq!(problems.len(), 1, "one fault, one problem: {problems:#?}");
    }
}

#[test]
fn every_keyword_of_the_definition_is_known_to_this_test() {
    let mut cases = Cases::default();
    cases.of(&schema(), "");
    let known: BTreeSet<String> = TRIED.iter().chain(&SILENT).map(ToString::to_string).collect();
    let unknown: Vec<_> = cases.keywords.difference(&known).collect();
    assert!(unknown.is_empty(), "teach offline/structural.rs and this test about {unknown:?}");
}

#[test]
fn a_message_names_place_field_rule_and_value() {
    let yaml = tenant("  domain: a b\n  limits:\n    regular: {requests: 0}\n");
    let lines: Vec<String> = problems(yaml).iter().map(ToString::to_string).collect();
    assert!(lines[0].starts_with("t.yaml:6:11: spec.domain: must be a DNS name"), "{lines:?}");
    assert!(lines[0].contains("(pattern ^[a-z0-9]") && lines[0].ends_with("got \"a b\""), "{lines:?}");
    assert_eq!(lines[1], "t.yaml:8:25: spec.limits.regular.requests: must be at least 1 (minimum), got 0");
    assert_eq!(lines.len(), 2);
}

#[test]
fn a_misspelt_field_is_answered_with_the_right_one() {
    for (written, meant) in [
        ("domian: x", "spec.domain"),
        ("Encryption: x", "spec.encryption"),
        ("limit: {}", "spec.limits"),
        ("data-base: {}", "spec.database"),
    ] {
        let problems = problems(tenant(&format!("  domain: localhost\n  {written}\n")));
        let key = written.split(':').next().unwrap();
        assert_eq!(problems[0].message, format!("unknown field spec.{key}, did you mean {meant}?"));
        assert_eq!((problems[0].line, problems[0].column), (7, 3));
    }
    let problems = problems(tenant("  domain: localhost\n  limits:\n    group_members: 3\n    zebra: 1\n"));
    assert!(problems[0].message.ends_with("did you mean spec.limits.groupMembers?"), "{problems:?}");
    assert!(problems[1].message.contains("known here: authentication, connectionsPerUser,"), "{problems:?}");
}

#[test]
fn a_field_with_nothing_behind_it_counts_as_left_out() {
    let tenants = load("t.yaml", tenant("  domain: localhost\n  auth:\n  limits:\n    regular:\n")).unwrap();
    assert_eq!(tenants[0].spec.auth, None);
}

#[test]
fn values_that_may_be_secrets_are_not_repeated() {
    for spec in [
        "  domain: postgres://u:hunter2@h/db\n",
        "  domain: a.b\n  placement: {mode: Dedicated}\n  database: {postgres: {secretRef: {name: 'hunter2 hunter2'}}}\n",
        "  domain: a.b\n  placement: {mode: Dedicated}\n  database: {postgres: {secretRef: redis://:hunter2@h}}\n",
        "  domain: a.b\n  encryption: https://u:hunter2@h\n",
    ] {
        for problem in problems(tenant(spec)) {
            assert!(!format!("{problem} {problem:?}").contains("hunter2"), "{problem}");
        }
    }
}

#[test]
fn metadata_is_checked_as_kubernetes_checks_it() {
    let with = |metadata: &str| {
        format!(
            "apiVersion: confab.dev/v1alpha1\nkind: ChatTenant\nmetadata: {metadata}\nspec: {{domain: localhost}}\n"
        )
    };
    let long = format!("{{name: {}}}", "a".repeat(64));
    for (metadata, path, rule) in [
        ("{}", "metadata.name", "required"),
        ("{name: Demo}", "metadata.name", "pattern"),
        ("{name: a.b}", "metadata.name", "pattern"),
        ("{name: -a}", "metadata.name", "pattern"),
        (&long, "metadata.name", "pattern"),
        ("{name: 5}", "metadata.name", "type"),
        ("{name: a, namespace: a.b}", "metadata.namespace", "pattern"),
        ("{name: a, namespace: ''}", "metadata.namespace", "pattern"),
        ("{name: a, nmespace: b}", "metadata.nmespace", "unknownField"),
        ("{name: a, labels: {x: 1}}", "metadata.labels.x", "type"),
        ("[]", "metadata", "type"),
    ] {
        let problems = problems(with(metadata));
        let [problem] = problems.as_slice() else { panic!("{problems:#?}") };
        assert_eq!((problem.path.as_str(), &problem.rule, problem.line), (path, &BrokenRule::Schema(rule), 3));
    }
}

#[test]
fn what_a_cluster_prints_can_be_read_back() {
    let printed = r#"
apiVersion: confab.dev/v1alpha1
kind: ChatTenant
metadata:
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: |
      {"apiVersion":"confab.dev/v1alpha1","kind":"ChatTenant"}
  creationTimestamp: "2026-11-22T10:00:00Z"
  deletionTimestamp: null
  generation: 1
  finalizers: [confab.dev/tenant]
  managedFields:
  - apiVersion: confab.dev/v1alpha1
    fieldsType: FieldsV1
    fieldsV1: {"f:spec": {".": {}, "f:domain": {}}}
    manager: kubectl
    operation: Update
    time: "2026-11-22T10:00:00Z"
  name: demo
  namespace: default
  ownerReferences:
  - {apiVersion: v1, kind: ConfigMap, name: a, uid: b}
  resourceVersion: "1"
  uid: 8a6c4f0e-0000-4000-8000-000000000000
spec:
  domain: localhost
status:
  observedGeneration: 1
"#;
    let tenants = load("t.yaml", printed).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(tenants[0].metadata.generation, Some(1));
    let wrong = problems(printed.replace("\"2026-11-22T10:00:00Z\"\n  deletion", "yesterday\n  deletion"));
    assert_eq!(wrong[0].rule, BrokenRule::Schema("format"), "{wrong:?}");
}
