//! What the schema alone says: every keyword of it, metadata, and the words of the messages.

use std::collections::BTreeSet;

use confab_crds::offline::{BrokenRule, Problem, load};

use crate::cases::{Case, Cases};
use crate::placed::Placed;
use crate::{problems, tenant};

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

#[test]
fn every_keyword_at_every_field_is_enforced() {
    let cases = Cases::all();
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
    let cases = Cases::all();
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
