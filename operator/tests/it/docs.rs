//! What the pages for users say can be done as they say it.

use std::path::{Path, PathBuf};

use confab_chassis::telemetry::Metrics;
use confab_desired::Kind;
use confab_operator::metrics::{ApiLabels, ConditionLabels, OperatorMetrics, ReconcileLabels};
use confab_testbed::kubernetes::kubernetes;
use serde_json::{Value, json};

use crate::account::documents;
use crate::chart::site;
use crate::kubectl::kubectl;
use crate::lab::{Lab, eventually};

const PAGES: [&str; 3] = ["docs/install.md", "docs/operations.md", "config/gitops/README.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).expect("a page")
}

/// The fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let open = format!("```{language}\n");
    text.split(&open).skip(1).map(|rest| rest.split("```").next().expect("a block").to_owned()).collect()
}

fn manifests(name: &str) -> Vec<Value> {
    blocks(&page(name), "yaml").iter().flat_map(|block| documents(block)).collect()
}

#[tokio::test]
async fn every_manifest_on_the_pages_is_taken_by_a_server() {
    let site = site().await;
    let mut taken = 0;
    for manifest in PAGES.iter().flat_map(|name| manifests(name)) {
        // Brought by others: their shapes are documented where the pages lead to.
        let foreign = ["VolumeSnapshot", "Backup"].iter().any(|kind| manifest["kind"] == *kind);
        if !foreign {
            let arguments = ["create", "-n", "limited", "--dry-run=server", "-f", "-"];
            let said = async || site.kubectl(&arguments, &manifest.to_string());
            // A fresh namespace has its account a moment later.
            assert!(eventually(async || said().await.is_ok()).await, "{manifest}: {:?}", said().await);
            taken += 1;
        }
    }
    assert!(taken >= 2, "{taken}");
}

#[test]
fn what_the_pages_lead_to_is_there() {
    let anchor = |heading: &str| {
        let text = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        text.chars().filter(|char| char.is_ascii_alphanumeric() || *char == '-').collect::<String>()
    };
    for name in PAGES {
        let text = page(name);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("http") {
                continue;
            }
            let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() {
                root().join(name)
            } else {
                root().join(name).parent().expect("a folder").join(path)
            };
            assert!(target.exists(), "{name}: {link}");
            if !fragment.is_empty() {
                let headings = std::fs::read_to_string(&target).expect("a page");
                let found = headings.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line) == fragment);
                assert!(found, "{name}: {link}");
            }
        }
        for word in text.split(|char: char| char.is_whitespace() || "`(),;".contains(char)) {
            if ["charts/", "config/"].iter().any(|folder| word.starts_with(folder)) {
                let path = word.trim_end_matches([':', '.', '/']);
                assert!(root().join(path).exists(), "{name}: {path}");
            }
        }
    }
}

#[test]
fn the_page_on_operations_names_every_metric_of_the_operator() {
    let metrics = Metrics::new();
    let set: OperatorMetrics = metrics.set();
    set.api_requests.get_or_create(&ApiLabels { verb: "GET", code: 200 }).inc();
    set.reconciles.get_or_create(&ReconcileLabels { result: "ok" }).inc();
    set.reconcile_seconds.get_or_create(&ReconcileLabels { result: "ok" }).observe(1.0);
    set.tenants.get_or_create(&ConditionLabels { condition: "Ready", status: "True" }).set(1);
    let text = metrics.encode();
    let page = page("docs/operations.md");
    let mut named = 0;
    for (name, kind) in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')) {
        if name.starts_with("confab_operator_") {
            let shown = if kind == "counter" { format!("`{name}_total") } else { format!("`{name}") };
            assert!(page.contains(&shown), "{shown}");
            named += 1;
        }
    }
    assert_eq!(named, 7);
}

#[tokio::test]
async fn a_volume_and_a_master_key_that_were_restored_as_the_page_says_are_taken_up() {
    let lab = Lab::new().await;
    let mut claim = manifests("docs/operations.md").into_iter().find(|found| found["kind"] == "PersistentVolumeClaim");
    let claim = claim.as_mut().expect("it is on the page");
    // There are no snapshots here.
    claim["spec"].as_object_mut().expect("a spec").remove("dataSource");
    let server = kubernetes().await;
    let run = |arguments: &[&str], input: &str| {
        kubectl(server.kubectl(), &[&["-n", lab.namespace.as_str()], arguments].concat(), input)
            .expect("kubectl succeeds")
    };
    run(&["create", "-f", "-"], &claim.to_string());
    let scripts = blocks(&page("docs/operations.md"), "sh");
    let restore = scripts.iter().find(|script| script.contains("create secret generic")).expect("it is on the page");
    for line in restore.lines() {
        let line = line.replace("\"$(base64 --decode < demo-master-key.base64)\"", "restored");
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        run(&words, "");
    }
    lab.apply_tenant("demo", json!({"domain": "demo.example.com", "placement": {"mode": "Dedicated"}})).await;
    lab.until_condition("demo", "Workloads", "False/RollingOut").await;
    let key = run(&["get", "secret", "demo-master-key", "-o", "jsonpath={.data.master\\.key}"], "");
    assert_eq!(key, "cmVzdG9yZWQ=", "it was not made anew");
    let volume = lab.get(Kind::PersistentVolumeClaim, "demo-data").await.expect("it is there");
    assert_eq!(volume["metadata"]["managedFields"].as_array().map(Vec::len), Some(2), "theirs and ours");

    lab.apply_tenant("gone", json!({"domain": "gone.example.com", "placement": {"mode": "Shared"}})).await;
    lab.until_condition("gone", "Stalled", "True/NoHost").await;
    let told = async || run(&["events", "--for", "chattenant/gone"], "").contains("NoHost");
    assert!(eventually(told).await);
}
