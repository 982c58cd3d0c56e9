//! Every CEL rule, with an object that keeps it and one that breaks it.

use std::collections::BTreeSet;

use confab_crds::ChatTenant;
use confab_crds::offline::{BrokenRule, Document, Problem, check_update, load, load_documents};
use kube::CustomResourceExt;
use kube::core::cel::{compile_schema, estimate_rule_cost};
use serde_json::Value;

use crate::pairs::{self, Pair, Sketch};
use crate::{problems, tenant};

#[test]
fn every_rule_is_enforced_where_it_is_broken_and_nowhere_else() {
    for Pair { says, was, keeps, breaks } in pairs::all() {
        let was = was.map(|was| document(&was).into_tenant());
        let (keeps_name, breaks_name) = (keeps.document("pair"), breaks.document("pair"));
        assert_eq!(faults(was.as_ref(), &keeps_name), [], "{says}: {keeps_name}");
        let found = faults(was.as_ref(), &breaks_name);
        let [problem] = found.as_slice() else { panic!("{says}: {breaks_name}{found:#?}") };
        assert!(problem.message.contains(&says), "{says}: {problem}");
        let BrokenRule::Cel(rule) = &problem.rule else {
            assert_eq!(problem.path, "metadata.name", "{problem}");
            continue;
        };
        assert!(problem.to_string().contains(rule), "the rule is named: {problem}");
    }
}

#[test]
fn every_rule_of_the_definition_has_a_pair() {
    let mut broken = BTreeSet::new();
    for Pair { was, breaks, .. } in pairs::all() {
        let was = was.map(|was| document(&was).into_tenant());
        for problem in faults(was.as_ref(), &breaks.document("pair")) {
            if let BrokenRule::Cel(rule) = problem.rule {
                broken.insert((problem.path.replace("[0]", "[]"), rule));
            }
        }
    }
    let (_, mut rules) = rules();
    // The pattern of metadata.name is said instead; `the_rule_on_the_name_…` compares the two.
    rules.retain(|(path, _)| !path.is_empty());
    assert!(rules.len() > 50, "the walk found too little: {rules:?}");
    assert_eq!(rules.difference(&broken).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "rules without a pair");
    assert_eq!(broken, rules);
}

fn document(sketch: &Sketch) -> Document {
    load_documents("was.yaml", sketch.document("pair")).unwrap_or_else(|problems| panic!("{problems:#?}")).remove(0)
}

/// What is wrong with a tenant, alone and after what it was.
fn faults(was: Option<&ChatTenant>, yaml: &str) -> Vec<Problem> {
    match (load_documents("t.yaml", yaml), was) {
        (Err(problems), _) => problems,
        (Ok(_), None) => Vec::new(),
        (Ok(documents), Some(was)) => check_update(was, &documents[0]).err().unwrap_or_default(),
    }
}

#[test]
fn a_broken_rule_is_shown_at_its_line() {
    for (spec, path, line) in [
        ("  domain: 192.168.1.4\n", "spec.domain", 6),
        (
            "  domain: localhost\n  placement: {mode: Dedicated}\n  database:\n    embedded: {}\n    postgres: {secretRef: {name: db}}\n",
            "spec.database",
            8,
        ),
        (
            "  domain: localhost\n  auth:\n    accessTokenSeconds: 86400\n    refreshTokenDays: 1\n",
            "spec.auth.refreshTokenDays",
            9,
        ),
        (
            "  domain: localhost\n  placement:\n    mode: Dedicated\n  messaging:\n    scheduling:\n      tolerations:\n      - key: a\n      - operator: Exists\n        value: x\n",
            "spec.messaging.scheduling.tolerations[1].value",
            14,
        ),
    ] {
        let problems = problems(tenant(spec));
        let [problem] = problems.as_slice() else { panic!("{problems:#?}") };
        assert_eq!((problem.path.as_str(), problem.line), (path, line), "{problem}");
    }
}

#[test]
fn no_database_at_all_is_no_choice() {
    let problems = problems(tenant("  domain: localhost\n  placement: {mode: Dedicated}\n  database: {}\n"));
    assert!(problems[0].message.contains("exactly one database"), "{problems:?}");
}

#[test]
fn a_default_takes_part_in_a_relation() {
    // Thirty days are longer than any access token.
    assert!(load("t.yaml", tenant("  domain: localhost\n  auth: {accessTokenSeconds: 86400}\n")).is_ok());
    // Shared is what no placement means.
    let spec = "  domain: localhost\n  database: {postgres: {secretRef: {name: db}}}\n";
    assert_eq!(problems(tenant(spec))[0].path, "spec.database");
}

#[test]
fn the_field_that_broke_the_schema_is_not_reported_twice() {
    let found = problems(tenant("  domain: '-.4'\n"));
    assert_eq!(found.len(), 1, "{found:#?}");
}

#[test]
fn all_problems_of_all_documents_are_collected() {
    let one = tenant(
        "  domain: 10.0.0.1\n  auth: {refreshTokenDays: 1, accessTokenSeconds: 86400}\n  limits: {groupMembers: 1}\n",
    );
    let found = problems(format!("{one}---\nkind: Secret\n---\n{one}"));
    let paths: Vec<_> = found.iter().map(|problem| problem.path.as_str()).collect();
    let each = ["spec.domain", "spec.auth.refreshTokenDays", "spec.limits.groupMembers"];
    assert_eq!(paths, [each.as_slice(), &["kind"], &each].concat());
}

/// The schema, and its rules with the paths that they point at.
fn rules() -> (Value, BTreeSet<(String, String)>) {
    fn walk(schema: &Value, path: &str, found: &mut BTreeSet<(String, String)>) {
        for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
            assert!(rule["message"].is_string(), "a rule without words: {rule}");
            let at = format!("{path}{}", rule["fieldPath"].as_str().unwrap_or_default());
            found.insert((at, rule["rule"].as_str().unwrap().to_owned()));
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            walk(property, &inner, found);
        }
        if schema["items"].is_object() {
            walk(&schema["items"], &format!("{path}[]"), found);
        }
    }
    let definition = serde_json::to_value(ChatTenant::crd()).unwrap();
    let schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone();
    let mut found = BTreeSet::new();
    walk(&schema, "", &mut found);
    (schema, found)
}

#[test]
fn every_rule_is_within_the_budget_of_a_cluster() {
    let (schema, rules) = rules();
    let compiled = compile_schema(&schema);
    for (_, rule) in rules {
        assert_eq!(estimate_rule_cost(&rule, &compiled), [], "{rule}");
    }
}

#[test]
fn the_rule_on_the_name_says_what_the_offline_pattern_says() {
    let (schema, rules) = rules();
    assert!(rules.iter().any(|(_, rule)| rule.contains("self.metadata.name")));
    let validator = kube::core::cel::Validator::new();
    for (name, fits) in [
        ("demo", true),
        ("a", true),
        ("a.b", false),
        ("Demo", false),
        ("a-", false),
        ("4a", false),
        (&"a".repeat(40), true),
        (&"a".repeat(41), false),
    ] {
        let object = serde_json::json!({"metadata": {"name": name}, "spec": {"domain": "localhost"}});
        assert_eq!(validator.validate(&schema, &object, None).is_ok(), fits, "{name}");
    }
}
