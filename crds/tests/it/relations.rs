//! Every CEL rule, with an object that keeps it and one that breaks it.

use std::collections::BTreeSet;

use confab_crds::ChatTenant;
use confab_crds::offline::{BrokenRule, load};
use kube::CustomResourceExt;
use kube::core::cel::{compile_schema, estimate_rule_cost};
use serde_json::Value;

use crate::{problems, tenant};

/// Part of the rule, part of its message, spec that keeps it, spec that breaks it, path and line of the break.
type Relation = (&'static str, &'static str, &'static str, &'static str, &'static str, u64);

const RELATIONS: [Relation; 6] = [
    ("[0-9]+$", "not an IP address", "  domain: 4.example.com\n", "  domain: 192.168.1.4\n", "spec.domain", 6),
    (
        "has(self.embedded) != has(self.postgres)",
        "exactly one database",
        "  domain: localhost\n  database:\n    embedded: {}\n",
        "  domain: localhost\n  placement: {mode: Dedicated}\n  database:\n    embedded: {}\n    postgres: {secretRef: {name: db}}\n",
        "spec.database",
        8,
    ),
    (
        "self.placement.mode == 'Dedicated'",
        "needs placement.mode: Dedicated",
        "  domain: localhost\n  placement: {mode: Dedicated}\n  database:\n    postgres: {secretRef: {name: db}}\n",
        "  domain: localhost\n  placement: {mode: Shared}\n  database:\n    postgres: {secretRef: {name: db}}\n",
        "spec.database",
        8,
    ),
    (
        "!has(self.redis)",
        "redis needs database.postgres",
        "  domain: localhost\n  placement: {mode: Dedicated}\n  database: {postgres: {secretRef: {name: db}}}\n  redis: {secretRef: {name: r}}\n",
        "  domain: localhost\n  database: {embedded: {}}\n  redis: {secretRef: {name: r}}\n",
        "spec.redis",
        8,
    ),
    (
        "* 86400 >",
        "outlives its access tokens",
        "  domain: localhost\n  auth:\n    accessTokenSeconds: 86399\n    refreshTokenDays: 1\n",
        "  domain: localhost\n  auth:\n    accessTokenSeconds: 86400\n    refreshTokenDays: 1\n",
        "spec.auth.refreshTokenDays",
        9,
    ),
    (
        "!('*' in self)",
        "keep it alone",
        "  domain: localhost\n  auth:\n    allowedOrigins: ['*']\n",
        "  domain: localhost\n  auth:\n    allowedOrigins: ['https://a.b', '*']\n",
        "spec.auth.allowedOrigins",
        8,
    ),
];

#[test]
fn every_relation_is_enforced_where_it_is_broken() {
    for (rule, message, keeps, breaks, path, line) in RELATIONS {
        let kept = load("t.yaml", tenant(keeps));
        assert!(kept.is_ok(), "{rule}: {kept:?}");
        let problems = problems(tenant(breaks));
        let [problem] = problems.as_slice() else { panic!("{problems:#?}") };
        let BrokenRule::Cel(text) = &problem.rule else { panic!("{problem:?}") };
        assert!(text.contains(rule), "{text}");
        assert!(problem.message.contains(message), "{problem}");
        assert!(problem.to_string().contains(text.as_str()), "the rule is named: {problem}");
        assert_eq!((problem.path.as_str(), problem.line), (path, line), "{problem}");
    }
}

#[test]
fn no_database_at_all_is_no_choice() {
    let problems = problems(tenant("  domain: localhost\n  database: {}\n"));
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

fn rules() -> (Value, BTreeSet<String>) {
    fn walk(schema: &Value, found: &mut BTreeSet<String>) {
        match schema {
            Value::Object(fields) => {
                for rule in fields.get("x-kubernetes-validations").and_then(Value::as_array).into_iter().flatten() {
                    assert!(rule["message"].is_string(), "a rule without words: {rule}");
                    found.insert(rule["rule"].as_str().unwrap().to_owned());
                }
                fields.values().for_each(|inner| walk(inner, found));
            }
            Value::Array(items) => items.iter().for_each(|inner| walk(inner, found)),
            _ => {}
        }
    }
    let definition = serde_json::to_value(ChatTenant::crd()).unwrap();
    let schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone();
    let mut found = BTreeSet::new();
    walk(&schema, &mut found);
    (schema, found)
}

#[test]
fn every_rule_of_the_definition_is_tested() {
    let (_, rules) = rules();
    assert_eq!(rules.len(), 9);
    for rule in rules {
        // Rules on changes are tested in changes.rs; the rule on the name is overtaken by the pattern of metadata.name.
        let elsewhere = rule.contains("oldSelf") || rule.contains("self.metadata.name");
        assert!(elsewhere || RELATIONS.iter().any(|relation| rule.contains(relation.0)), "no test for {rule}");
    }
}

#[test]
fn every_rule_is_within_the_budget_of_a_cluster() {
    let (schema, rules) = rules();
    let compiled = compile_schema(&schema);
    for rule in rules {
        assert_eq!(estimate_rule_cost(&rule, &compiled), [], "{rule}");
    }
}

#[test]
fn the_rule_on_the_name_says_what_the_offline_pattern_says() {
    let (schema, rules) = rules();
    assert!(rules.iter().any(|rule| rule.contains("self.metadata.name")));
    let validator = kube::core::cel::Validator::new();
    for (name, fits) in
        [("demo", true), ("a", true), ("a.b", false), ("Demo", false), ("a-", false), (&"a".repeat(64), false)]
    {
        let object = serde_json::json!({"metadata": {"name": name}, "spec": {"domain": "localhost"}});
        assert_eq!(validator.validate(&schema, &object, None).is_ok(), fits, "{name}");
    }
}
