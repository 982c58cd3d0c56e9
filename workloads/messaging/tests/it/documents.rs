//! The OpenAPI document and the page that shows it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::world::World;

fn document() -> Value {
    serde_json::to_value(confab_messaging::openapi()).unwrap()
}

fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation.is_object() {
                operations.push((path.clone(), method.clone(), operation));
            }
        }
    }
    operations
}

#[test]
fn every_operation_says_what_it_does_takes_and_answers() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let name = format!("{method} {path}");
        assert!(operation["summary"].is_string() && operation["tags"][0].is_string(), "{name}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{name}: id is there twice");
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        for part in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            assert!(
                parameters.iter().any(|parameter| parameter["name"] == part && parameter["in"] == "path"),
                "{name}: {part}"
            );
        }
        let has_body = operation["requestBody"].is_object();
        assert_eq!(has_body, operation["responses"]["415"].is_object(), "{name}");
        let is_open = operation["security"] == serde_json::json!([]);
        assert!(is_open || operation["responses"]["401"].is_object(), "{name}");
        for status in ["400", "404", "500", "503"] {
            assert!(operation["responses"][status].is_object(), "{name}: {status}");
        }
        let good = operation["responses"].as_object().unwrap().iter().filter(|(status, _)| status.starts_with('2'));
        for (status, response) in good {
            assert!(response["content"].as_object().is_some_and(|content| !content.is_empty()), "{name}: {status}");
            assert!(response["headers"]["X-Request-Id"].is_object(), "{name}: {status}");
            if operation["responses"]["429"].is_object() {
                assert!(response["headers"]["X-RateLimit-Remaining"].is_object(), "{name}: {status}");
            }
        }
    }
    assert!(ids.len() > 40, "{}", ids.len());
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(references.len() > 100);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect_references(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            references.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| collect_references(value, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, references)),
        _ => {}
    }
}

#[test]
fn every_schema_has_an_example_with_all_its_required_fields() {
    let document = document();
    let schemas: &Map<String, Value> = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        let example = schema["examples"].get(0).or_else(|| schema.get("example"));
        let example = example.unwrap_or_else(|| panic!("{name} has no example"));
        for field in schema["required"].as_array().into_iter().flatten() {
            assert!(example.get(field.as_str().unwrap()).is_some(), "{name}: {field} is not in {example}");
        }
    }
}

#[test]
fn requests_refuse_what_they_do_not_know() {
    let document = document();
    for (path, method, operation) in operations(&document) {
        let Some(reference) = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str() else {
            continue;
        };
        let schema = document.pointer(&reference[1..]).unwrap();
        assert_eq!(schema["additionalProperties"], false, "{method} {path}");
    }
}

#[test]
fn the_document_is_openapi_3_1_and_names_its_version() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}

#[test]
fn every_test_that_the_security_table_names_exists() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let table = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    let mut code = String::new();
    let workloads = ["messaging", "chassis", "presence", "store", "identity", "contract", "tenancy", "confab"];
    let crates = workloads.map(|name| format!("workloads/{name}")).into_iter();
    for crate_folder in crates.chain(["operator", "operator/desired"].map(str::to_owned)) {
        for folder in ["src", "tests"] {
            collect_code(&root.join(&crate_folder).join(folder), &mut code);
        }
    }
    let names: BTreeSet<&str> = table.split('`').filter(|text| text.contains('_') && text.len() > 20).collect();
    assert!(names.len() > 80, "{}", names.len());
    for name in names {
        assert!(code.contains(&format!("fn {name}(")), "there is no test {name}");
    }
}

fn collect_code(folder: &std::path::Path, code: &mut String) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_code(&path, code);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            code.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[tokio::test]
async fn the_document_and_the_page_are_served_without_the_internet() {
    let world = World::on_sqlite().await;
    let served = world.client().get("/v1/openapi.json").await;
    assert_eq!((served.status.as_u16(), served.body.clone()), (200, document()));
    let page = world.client().get("/docs").await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").unwrap().contains("script-src 'self';"));
    let mut files = page.text.split('"').filter(|text| text.starts_with("/docs/")).collect::<Vec<_>>();
    files.sort_unstable();
    assert_eq!(files, ["/docs/start.js", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"]);
    for file in files {
        let answer = world.client().get(file).await;
        assert_eq!(answer.status, 200, "{file}");
        let kind = if file.ends_with("css") { "text/css" } else { "text/javascript" };
        assert_eq!(answer.header("content-type"), Some(kind), "{file}");
    }
    assert!(!page.text.contains("http"), "nothing is loaded from elsewhere");
}
