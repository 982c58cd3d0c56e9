//! Every keyword of the schema, fed with a value on either side of it.
//!
//! The cases are made from the definition itself, so that a new field is tested from its first day.

use std::collections::BTreeSet;

use confab_crds::ChatTenant;
use confab_crds::offline::{BrokenRule, Problem, load};
use kube::CustomResourceExt;
use serde_json::{Value, json};

use crate::placed::Placed;
use crate::{full, problems, tenant};

/// What the walk below makes cases for, and what needs none.
const TRIED: [&str; 16] = [
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
    "minItems",
    "maxProperties",
    "additionalProperties",
    "x-kubernetes-int-or-string",
    "items",
    "x-kubernetes-list-type",
];
const SILENT: [&str; 6] =
    ["description", "title", "format", "nullable", "x-kubernetes-list-map-keys", "x-kubernetes-validations"];

fn schema() -> Value {
    let definition = serde_json::to_value(ChatTenant::crd()).unwrap();
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
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
        match schema["type"].as_str() {
            // A type of Kubernetes' own; what is inside it is tried by `an_affinity_is_checked_to_its_last_field`.
            Some("object") if pointer.ends_with("/affinity") => self.fail(pointer, json!("text"), "type"),
            Some("object") => self.of_object(schema, pointer),
            Some("array") => self.of_array(schema, pointer),
            Some("string") => self.of_text(schema, pointer),
            Some("integer") => self.of_number(schema, pointer),
            Some("boolean") => {
                self.pass(pointer, json!(false));
                self.fail(pointer, json!("true"), "type");
                self.fail(pointer, json!(1), "type");
            }
            None if schema["x-kubernetes-int-or-string"] == true => self.of_quantity(schema, pointer),
            other => panic!("a type without a case: {other:?}"),
        }
    }

    fn of_object(&mut self, schema: &Value, pointer: &str) {
        if !pointer.is_empty() {
            self.fail(pointer, json!("text"), "type");
        }
        if let Some(values) = schema.get("additionalProperties") {
            return self.of_map(schema, values, pointer);
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

    fn of_map(&mut self, schema: &Value, values: &Value, pointer: &str) {
        let entries = |count: u64| (0..count).map(|n| (format!("key-{n}"), json!("x"))).collect::<Value>();
        let most = schema["maxProperties"].as_u64().unwrap();
        self.pass(pointer, entries(most));
        self.fail(pointer, entries(most + 1), "maxProperties");
        self.pass(pointer, json!({}));
        self.of(values, &format!("{pointer}/key"));
    }

    fn of_array(&mut self, schema: &Value, pointer: &str) {
        self.fail(pointer, json!({"a": 1}), "type");
        let item = full::with(&format!("{pointer}/0")).pointer(&format!("{pointer}/0")).unwrap().clone();
        let items = |count: u64| (0..count).map(|n| nth(&item, n)).collect::<Value>();
        if let Some(most) = schema["maxItems"].as_u64() {
            self.pass(pointer, items(most));
            self.fail(pointer, items(most + 1), "maxItems");
        }
        if let Some(least) = schema["minItems"].as_u64() {
            self.pass(pointer, items(least));
            self.fail(pointer, items(least - 1), "minItems");
        }
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
            self.list.push(Case { object: with_choice(pointer, name), expected: None });
        }
        if schema["enum"].is_array() {
            self.fail(pointer, json!("Sideways"), "enum");
        }
        if let Some(least) = schema["minLength"].as_u64() {
            self.fail(pointer, json!("a".repeat(usize::try_from(least).unwrap() - 1)), "minLength");
        }
        if let Some(most) = schema["maxLength"].as_u64() {
            self.pass(pointer, json!(long_text(pointer, usize::try_from(most).unwrap())));
            self.fail(pointer, json!("a".repeat(usize::try_from(most).unwrap() + 1)), "maxLength");
        }
        if schema["pattern"].is_string() {
            for wrong in ["a b", "-A!", "x/y z", "ééé"] {
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
                // What is wrong with none is said by a rule, with words.
                if (pointer, bound) != ("/spec/replicas", 0) {
                    self.pass(pointer, json!(bound));
                }
                self.fail(pointer, json!(bound + outward), keyword);
            }
        }
    }

    fn of_quantity(&mut self, schema: &Value, pointer: &str) {
        for (right, side) in [
            (json!(0), "requests"),
            (json!("10m"), "requests"),
            (json!(999_999_999_999_u64), "limits"),
            (json!("4Gi"), "limits"),
        ] {
            if pointer.contains(side) {
                self.pass(pointer, right);
            }
        }
        for wrong in [json!(1.5), json!(false), json!([1])] {
            self.fail(pointer, wrong, "type");
        }
        assert!(schema["pattern"].is_string() && schema["minimum"] == 0.0, "{schema}");
        for wrong in ["-1", "1 Gi", "1GB", "much", ""] {
            // A rule would choke on these as well, and the schema speaks first.
            self.fail(pointer, json!(wrong), "pattern");
        }
        self.fail(pointer, json!(-1), "minimum");
    }
}

/// The same entry of a list once more, but another.
fn nth(item: &Value, n: u64) -> Value {
    match item {
        Value::String(text) if text.contains("://") => json!(format!("https://h{n}.example.com")),
        Value::String(text) if text.contains('/') => json!(format!("10.{n}.0.0/16")),
        Value::String(text) if text.contains('*') => json!(format!("*.h{n}.example.com")),
        Value::String(text) => json!(format!("{text}-{n}")),
        other => other.clone(),
    }
}

/// The longest allowed text of a field.
fn long_text(pointer: &str, most: usize) -> String {
    let name = |length: usize| "abcdefghi.".chars().cycle().take(length - 1).chain(['a']).collect::<String>();
    let plain = |length: usize| "a".repeat(length);
    let field = pointer.trim_end_matches("/0").rsplit('/').next().unwrap();
    match field {
        "allowedOrigins" => format!("https://{}:65535", name(most - 14)),
        "endpoint" | "subject" => format!("https://{}/{}", name(253), plain(most - 262)),
        "trustedProxies" => "1111:2222:3333:4444:5555:6666:7777:8888/128".into(),
        "size" => format!("{}.123Gi", "1".repeat(15)),
        "from" => format!("{} <{}@{}>", plain(100), plain(64), name(253)),
        "keyId" | "teamId" => "A1".repeat(5),
        "key" if pointer.contains("matchExpressions") || pointer.contains("tolerations") => {
            format!("{}/{}", name(253), plain(63))
        }
        _ if most <= 63 => plain(most),
        _ => name(most),
    }
}

fn with(pointer: &str, value: Value) -> Value {
    let mut object = full::with(pointer);
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match object.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        parent => parent[key] = value,
    }
    object
}

/// A choice, without what it excludes.
fn with_choice(pointer: &str, value: &Value) -> Value {
    let mut object = with(pointer, value.clone());
    let (parent, _) = pointer.rsplit_once('/').unwrap();
    match value.as_str().unwrap() {
        "Shared" if pointer == "/spec/placement/mode" => {
            object["spec"].as_object_mut().unwrap().retain(|key, _| ["domain", "placement"].contains(&key.as_str()));
        }
        "Same" | "All" => drop(object.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove("selector")),
        "None" if pointer.contains("smtp") => {
            object.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove("credentialsSecretRef");
        }
        "Exists" | "DoesNotExist" => {
            let entry = object.pointer_mut(parent).unwrap().as_object_mut().unwrap();
            entry.retain(|key, _| !["value", "values"].contains(&key.as_str()));
        }
        "NoSchedule" | "PreferNoSchedule" => {
            object.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove("tolerationSeconds");
        }
        _ => {}
    }
    object
}

fn without(pointer: &str) -> Value {
    let mut object = full::with(pointer);
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
    assert!(cases.list.len() > 1000, "{}", cases.list.len());
    let faults: Vec<String> = cases.list.iter().filter_map(|case| fault(case).err()).collect();
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), cases.list.len(), faults.join("\n"));
}

/// What is not as the case has it.
fn fault(Case { object, expected }: &Case) -> Result<(), String> {
    let placed = Placed::write(object);
    let found = load("t.yaml", &placed.yaml).err().unwrap_or_default();
    let said: Vec<String> = found.iter().map(ToString::to_string).collect();
    let Some((path, keyword)) = expected else {
        return if found.is_empty() { Ok(()) } else { Err(format!("should pass: {said:?}")) };
    };
    // A rule may compare what is wrong with something else, and say so too.
    let of_schema: Vec<&Problem> = found.iter().filter(|problem| !matches!(problem.rule, BrokenRule::Cel(_))).collect();
    let [problem] = of_schema.as_slice() else { return Err(format!("{path} {keyword}: not one problem but {said:?}")) };
    let around = if *keyword == "required" { &path[..path.rfind('.').unwrap_or(0)] } else { path };
    let wanted = (path.as_str(), BrokenRule::Schema(keyword), placed.line(around));
    let got = (problem.path.as_str(), problem.rule.clone(), problem.line);
    if got == wanted { Ok(()) } else { Err(format!("{wanted:?} wanted, {got:?} found: {said:?}")) }
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

#[test]
fn an_affinity_is_checked_to_its_last_field() {
    let with = |term: &str| {
        tenant(&format!(
            "  domain: localhost\n  placement: {{mode: Dedicated}}\n  messaging:\n    scheduling:\n      affinity:\n        \
             nodeAffinity:\n          requiredDuringSchedulingIgnoredDuringExecution:\n            nodeSelectorTerms:\n            \
             - matchExpressions:\n              - {term}\n"
        ))
    };
    let at = "spec.messaging.scheduling.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0]";
    assert!(load("t.yaml", with("{key: zone, operator: In, values: [a]}")).is_ok());
    for (term, path, rule) in [
        ("{key: zone, operator: In, value: [a]}", format!("{at}.value"), "unknownField"),
        ("{key: zone, values: [a]}", format!("{at}.operator"), "required"),
        ("{key: zone, operator: In, values: a}", format!("{at}.values"), "type"),
    ] {
        let found = problems(with(term));
        let [problem] = found.as_slice() else { panic!("{found:#?}") };
        assert_eq!((&problem.path, &problem.rule, problem.line), (&path, &BrokenRule::Schema(rule), 15));
    }
}
