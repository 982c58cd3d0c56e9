//! Several tenants side by side, and documents that are no tenant.

use confab_crds::offline::{BrokenRule, load, load_all};

use crate::problems;

fn named(name: &str, domain: &str) -> String {
    format!("apiVersion: confab.dev/v1alpha1\nkind: ChatTenant\nmetadata: {name}\nspec:\n  domain: {domain}\n---\n")
}

#[test]
fn tenants_with_their_own_names_and_hosts_are_served_together() {
    let file = [
        named("{name: a}", "a.localhost"),
        named("{name: b}", "b.localhost"),
        named("{name: a, namespace: other}", "c.localhost"),
    ];
    let tenants = load("t.yaml", file.concat()).unwrap();
    let ids: Vec<_> = tenants.iter().map(confab_crds::ChatTenant::tenant_id).collect();
    assert_eq!(ids, ["default.a", "default.b", "other.a"]);
}

#[test]
fn the_same_name_is_refused_also_where_the_namespace_is_only_implied() {
    let file = [named("{name: a}", "a.localhost"), named("{name: a, namespace: default}", "b.localhost")];
    let found = problems(file.concat());
    let [problem] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((problem.path.as_str(), problem.line), ("metadata.name", 9));
    assert_eq!(problem.rule, BrokenRule::Unique("name"));
    assert!(problem.message.contains("t.yaml:3"), "{problem}");
}

#[test]
fn the_same_host_is_refused_also_below_another_tenants_domain_and_across_files() {
    for domain in ["a.localhost", "ws.a.localhost", "api.a.localhost"] {
        let files = [("one.yaml", named("{name: a}", "a.localhost")), ("two.yaml", named("{name: b}", domain))];
        let found = load_all(files).unwrap_err();
        let [problem] = found.as_slice() else { panic!("{found:#?}") };
        assert_eq!((problem.file.as_str(), problem.line, problem.path.as_str()), ("two.yaml", 5, "spec.domain"));
        assert_eq!(problem.rule, BrokenRule::Unique("domain"));
        assert!(problem.message.contains("one.yaml:5") && problem.message.contains(domain), "{problem}");
    }
}

#[test]
fn problems_of_all_files_are_collected() {
    let found = load_all([("one.yaml", "a: [".to_owned()), ("two.yaml", named("{}", "a.localhost"))]).unwrap_err();
    let files: Vec<_> = found.iter().map(|problem| problem.file.as_str()).collect();
    assert_eq!(files, ["one.yaml", "two.yaml"]);
}

#[test]
fn other_kinds_and_versions_are_refused_by_name() {
    for (yaml, path, line, words) in [
        ("# a secret\napiVersion: v1\nkind: Secret\n", "kind", 3, "only ChatTenant is read here, got \"Secret\""),
        ("apiVersion: v1\nkind: List\nitems: []\n", "kind", 2, "got \"List\""),
        (
            "apiVersion: confab.dev/v1\nkind: ChatTenant\n",
            "apiVersion",
            1,
            "must be confab.dev/v1alpha1, got \"confab.dev/v1\"",
        ),
        ("kind: ChatTenant\n", "apiVersion", 1, "is required"),
        ("apiVersion: confab.dev/v1alpha1\n", "kind", 1, "write `kind: ChatTenant`"),
        ("kind: [1]\n", "kind", 1, "got a list"),
        ("- a\n", "", 1, "must be a mapping"),
        ("just words\n", "", 1, "must be a mapping"),
    ] {
        let found = problems(yaml);
        let [problem] = found.as_slice() else { panic!("{found:#?}") };
        assert_eq!((problem.path.as_str(), problem.line, &problem.rule), (path, line, &BrokenRule::Kind), "{problem}");
        assert!(problem.message.contains(words), "{problem}");
    }
}
