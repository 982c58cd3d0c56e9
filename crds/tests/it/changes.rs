//! Rules on changes: what a tenant may not become.

use confab_crds::offline::{BrokenRule, Document, check_update, load, load_documents};

use crate::tenant;

fn document(spec: &str) -> Document {
    load_documents("new.yaml", tenant(spec)).unwrap().remove(0)
}

fn change(old: &str, new: &str) -> Result<(), Vec<confab_crds::offline::Problem>> {
    let old = load("old.yaml", tenant(old)).unwrap().remove(0);
    check_update(&old, &document(new))
}

#[test]
fn the_domain_stays() {
    let problems = change("  domain: a.example.com\n", "  limits: {}\n  domain: b.example.com\n").unwrap_err();
    let [problem] = problems.as_slice() else { panic!("{problems:#?}") };
    assert_eq!((problem.file.as_str(), problem.line, problem.path.as_str()), ("new.yaml", 7, "spec.domain"));
    assert_eq!(problem.rule, BrokenRule::Cel("self == oldSelf".into()));
    assert!(problem.message.contains("cannot be changed"));
}

#[test]
fn encryption_stays_whether_written_or_not() {
    let (bare, readable, sealed) =
        ("  domain: a.b\n", "  domain: a.b\n  encryption: ServerReadable\n", "  domain: a.b\n  encryption: EndToEnd\n");
    assert_eq!(change(bare, readable), Ok(()));
    assert_eq!(change(readable, bare), Ok(()));
    assert_eq!(change(sealed, sealed), Ok(()));
    for (old, new, line) in [(bare, sealed, 7), (sealed, readable, 7), (sealed, bare, 5)] {
        let problems = change(old, new).unwrap_err();
        assert_eq!((problems[0].path.as_str(), problems[0].line), ("spec.encryption", line), "{problems:?}");
        assert!(matches!(&problems[0].rule, BrokenRule::Cel(rule) if rule.contains("oldSelf.encryption")));
    }
}

#[test]
fn everything_else_may_change() {
    let dedicated = "  domain: a.b\n  placement: {mode: Dedicated}\n";
    let old =
        format!("{dedicated}  database: {{postgres: {{secretRef: {{name: one}}}}}}\n  gateway: {{ingress: {{}}}}\n");
    let new = format!(
        "{dedicated}  auth: {{registration: Closed}}\n  limits: {{groupMembers: 3}}\n  \
         database: {{postgres: {{secretRef: {{name: two}}, maxConnections: 30}}}}\n  redis: {{managed: {{}}}}\n  replicas: 5\n  \
         presence: {{replicas: {{max: 7}}}}\n  gateway: {{httpRoute: {{parentRefs: [{{name: web}}]}}}}\n  allowedTenants: {{}}\n  \
         updateStrategy: Auto\n  hibernated: true\n  paused: true\n  deletionPolicy: Delete\n"
    );
    let (old, new) = (old.as_str(), new.as_str());
    assert_eq!(change(old, new), Ok(()));
    assert_eq!(change(new, old), Ok(()));
}
