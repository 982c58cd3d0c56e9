//! The API server decides as the offline check does: on every rule, every keyword of the schema, every sample.

use super::Cluster;
use crate::cases::{Case, Cases};
use crate::pairs::{self, Pair};
use crate::placed::Placed;
use crate::samples;

const DRY: [&str; 2] = ["create", "--dry-run=server"];

#[tokio::test]
async fn every_rule_is_enforced_by_the_server_too() {
    let cluster = Cluster::new().await;
    let (changes, alone): (Vec<Pair>, Vec<Pair>) = pairs::all().into_iter().partition(|pair| pair.was.is_some());
    let documents = |pairs: &[Pair], prefix: &str, of: &dyn Fn(&Pair) -> pairs::Sketch| -> Vec<String> {
        pairs.iter().enumerate().map(|(n, pair)| of(pair).document(&format!("{prefix}-{n}"))).collect()
    };
    let keeps = |pair: &Pair| pair.keeps.clone();
    let breaks = |pair: &Pair| pair.breaks.clone();

    compare(&alone, "kept", &cluster.send(&DRY, &documents(&alone, "kept", &keeps)), true);
    compare(&alone, "broken", &cluster.send(&DRY, &documents(&alone, "broken", &breaks)), false);

    let before = cluster.send(&["create"], &documents(&changes, "change", &|pair| pair.was.clone().unwrap()));
    compare(&changes, "change", &before, true);
    let replace = ["replace", "--dry-run=server"];
    compare(&changes, "change", &cluster.send(&replace, &documents(&changes, "change", &keeps)), true);
    compare(&changes, "change", &cluster.send(&replace, &documents(&changes, "change", &breaks)), false);
}

fn compare(pairs: &[Pair], prefix: &str, answers: &super::Answers, expected: bool) {
    for (n, pair) in pairs.iter().enumerate() {
        let sketch = if expected { &pair.keeps } else { &pair.breaks };
        let name = sketch.name(&format!("{prefix}-{n}"));
        assert_eq!(answers.took(&name), expected, "{}: {name}\n{}", pair.says, answers.about(&name));
        if !expected {
            let said = answers.about(&name);
            assert!(said.contains(&pair.says), "{name}: {:?} is not in {said:?}", pair.says);
        }
    }
}

#[tokio::test]
async fn every_keyword_of_the_schema_is_enforced_by_the_server_too() {
    let cluster = Cluster::new().await;
    // Status has a door of its own: what comes through this one is not looked at. Metadata is checked before any schema.
    let beside = |path: &str| !path.starts_with("spec");
    let cases: Vec<Case> = Cases::all()
        .list
        .into_iter()
        .filter(|case| case.expected.as_ref().is_none_or(|(path, _)| !beside(path)))
        .collect();
    let documents: Vec<String> = cases.iter().enumerate().map(|(n, case)| document(case, n)).collect();
    assert!(documents.len() > 800, "{}", documents.len());
    let answers = cluster.send(&DRY, &documents);
    let wrong: Vec<_> = cases
        .iter()
        .enumerate()
        .filter(|(n, case)| answers.took(&format!("case-{n}")) != case.expected.is_none())
        .map(|(n, case)| (&case.expected, documents[n].as_str(), answers.about(&format!("case-{n}")).to_owned()))
        .collect();
    assert!(wrong.is_empty(), "{} of {}: {:#?}", wrong.len(), cases.len(), &wrong[..wrong.len().min(5)]);
}

fn document(case: &Case, n: usize) -> String {
    let mut object = case.object.clone();
    object["metadata"] = serde_json::json!({"name": format!("case-{n}")});
    Placed::write(&object).yaml
}

#[tokio::test]
async fn every_sample_is_taken_by_the_server() {
    let cluster = Cluster::new().await;
    for name in samples::names() {
        let text = std::fs::read_to_string(samples::folder().join(&name)).unwrap();
        let tenants = text.matches("kind: ChatTenant").count();
        let text = text.replace("namespace: default", &format!("namespace: {}", cluster.namespace.name()));
        let answers = cluster.send(&["create"], &[text]);
        assert_eq!((answers.taken.len(), answers.refusals.as_str()), (tenants, ""), "{name}");
    }
}

#[tokio::test]
async fn what_was_written_stays_as_it_was_written() {
    let cluster = Cluster::new().await;
    let sample = std::fs::read_to_string(samples::folder().join("gitops.yaml")).unwrap();
    let text = sample.replace("namespace: default", &format!("namespace: {}", cluster.namespace.name()));
    cluster.send(&["create"], std::slice::from_ref(&text));
    let stored = cluster.run(&["get", "ct", "hooli", "-o", "json"]);
    let stored: serde_json::Value = serde_json::from_str(&stored).unwrap();
    let written = confab_crds::offline::load("gitops.yaml", text).unwrap().remove(0);
    assert_eq!(
        stored["spec"],
        serde_json::to_value(written.spec).unwrap(),
        "a default in the spec would be drift to GitOps"
    );
}
