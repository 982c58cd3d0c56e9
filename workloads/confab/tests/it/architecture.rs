//! ARCHITECTURE.md must not rot: it names every crate, and nothing that is not there.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn members(manifest: &str) -> Vec<&str> {
    let members = manifest.split_once("members = [").unwrap().1.split_once(']').unwrap().0;
    let members: Vec<&str> = members.split('"').skip(1).step_by(2).collect();
    assert!(members.len() > 5, "{members:?}");
    members
}

#[test]
fn every_member_of_the_workspace_is_on_the_map() {
    let [map, manifest] = ["ARCHITECTURE.md", "Cargo.toml"].map(|name| fs::read_to_string(root().join(name)).unwrap());
    for member in members(&manifest) {
        assert!(map.contains(&format!("| `{member}/` |")), "{member} is not on the map");
    }
}

#[test]
fn nobody_but_the_operator_and_the_end_to_end_tests_links_a_kubernetes_client() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mut with_client = Vec::new();
    for member in members(&manifest) {
        let text = fs::read_to_string(root().join(member).join("Cargo.toml")).unwrap();
        let depends = |line: &str| line.starts_with("kube") && (line.contains("client") || line.contains("runtime"));
        if text.lines().any(depends) || text.contains("kube-client") {
            with_client.push(member);
        }
    }
    assert!(with_client.contains(&"operator"), "the search finds nothing: {with_client:?}");
    assert!(with_client.iter().all(|member| ["operator", "e2e"].contains(member)), "{with_client:?}");
    let kube = manifest.lines().find(|line| line.starts_with("kube = ")).unwrap();
    assert!(kube.contains("default-features = false") && !kube.contains("\"client\""), "{kube}");
}

#[test]
fn every_path_that_is_named_exists() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut checked = 0;
    for line in map.lines() {
        // In a row of the map later paths lie in the crate that the first one names.
        let mut within = PathBuf::new();
        for word in line.split('`').skip(1).step_by(2).filter(|word| word.contains('/') && !word.starts_with('/')) {
            let path = within.join(word);
            assert!(root().join(&path).exists(), "{} does not exist: {line}", path.display());
            if line.starts_with(&format!("| `{word}`")) {
                within.push(word);
            }
            checked += 1;
        }
    }
    assert!(checked > 20, "only {checked} paths were found");
}
