use std::path::Path;

use confab_crds::generate::first_difference;
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::*;
use crate::permissions::{Place, table};

fn documents(text: &str) -> Vec<Value> {
    yaml_serde::Deserializer::from_str(text).map(|document| Value::deserialize(document).unwrap()).collect()
}

#[test]
fn the_committed_files_are_what_the_code_says() {
    for file in files() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(&file.path);
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(first_difference(&committed, &file.text), None, "{}: run `make generate`", file.path);
    }
}

#[test]
fn a_role_permits_what_the_table_does() {
    let roles = [
        (roles::everywhere("own"), "ClusterRole", Place::Tenants, Value::Null),
        (roles::namespace(Some("watched"), "own"), "Role", Place::Tenants, json!("watched")),
        (roles::namespace(None, "own"), "Role", Place::Tenants, Value::Null),
        (roles::own("own"), "Role", Place::Own, json!("own")),
    ];
    for (text, kind, place, namespace) in roles {
        let [role, binding] = documents(&text).try_into().unwrap();
        assert_eq!((&role["kind"], &role["metadata"]["namespace"]), (&json!(kind), &namespace));
        assert_eq!(binding["roleRef"]["kind"], kind);
        assert_eq!(binding["roleRef"]["name"], role["metadata"]["name"]);
        assert_eq!(binding["subjects"][0]["namespace"], "own");
        let lines = table().into_iter().filter(|line| line.place == place);
        let expected = lines.map(|line| (line.group, line.resource, json!(line.verbs), json!(line.names)));
        let mut expected: Vec<String> = expected.map(|right| format!("{right:?}")).collect();
        let mut found = Vec::new();
        for rule in role["rules"].as_array().unwrap() {
            let names = if rule["resourceNames"].is_null() { json!([]) } else { rule["resourceNames"].clone() };
            for resource in rule["resources"].as_array().unwrap() {
                let right = (
                    rule["apiGroups"][0].as_str().unwrap(),
                    resource.as_str().unwrap(),
                    rule["verbs"].clone(),
                    names.clone(),
                );
                found.push(format!("{right:?}"));
            }
        }
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
    }
}
