//! A page for people: an introduction by hand, then every field with its meaning, default and bounds, from the schema.

mod cell;

use std::collections::HashMap;
use std::fmt::Write as _;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value;

use super::File;
use cell::{anchor, bounds, default, escaped, value};

const HEADER: &str = "<!-- Generated from the Rust types by `make generate`. Do not edit; the introduction is in \
                      crds/src/generate/page/introduction.md. -->\n";
const INTRODUCTION: &str = include_str!("introduction.md");

/// The page of a definition, `docs/chattenant.md` for `ChatTenant`.
pub(super) fn file(definition: &CustomResourceDefinition) -> File {
    let definition = serde_json::to_value(definition).expect("a definition is plain data with text keys");
    let kind = definition["spec"]["names"]["singular"].as_str().unwrap_or_default();
    let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let mut page = Page { text: format!("{HEADER}\n{INTRODUCTION}"), written: HashMap::new() };
    // No schema describes metadata; the rules of the whole object are about it.
    page.text.push_str("\n## metadata\n");
    page.rules(schema);
    page.object(&schema["properties"]["spec"], "spec");
    page.object(&schema["properties"]["status"], "status");
    File { path: format!("docs/{kind}.md"), text: page.text }
}

struct Page {
    text: String,
    /// Where each object is described: several fields have the same.
    written: HashMap<String, String>,
}

impl Page {
    fn object(&mut self, schema: &Value, path: &str) {
        self.written.insert(identity(schema), path.to_owned());
        let level = if path.contains('.') { "###" } else { "##" };
        let _ = write!(self.text, "\n{level} {path}\n\n{}\n\n", schema["description"].as_str().unwrap_or_default());
        let fields = fields(schema);
        if fields.is_empty() {
            self.text.push_str("It has no fields.\n");
        } else {
            self.text.push_str("| field | value | default | meaning |\n|---|---|---|---|\n");
        }
        let inner: Vec<(String, &Value)> = fields.iter().filter_map(|(name, field)| below(path, name, field)).collect();
        // Known before the table is written, which leads to them.
        let fresh: Vec<&(String, &Value)> = inner.iter().filter(|(path, below)| self.first(below, path)).collect();
        for (name, field) in &fields {
            let row = self.row(schema, path, name, field);
            self.text.push_str(&row);
        }
        self.rules(schema);
        for (path, below) in fresh {
            self.object(below, path);
        }
    }

    /// Whether this object is described here for the first time.
    fn first(&mut self, schema: &Value, path: &str) -> bool {
        let place = self.written.entry(identity(schema)).or_insert_with(|| path.to_owned());
        place == path
    }

    fn row(&self, schema: &Value, path: &str, name: &str, field: &Value) -> String {
        let text = field["description"].as_str().unwrap_or_default();
        let required = schema["required"].as_array().is_some_and(|names| names.iter().any(|known| known == name));
        let value = below(path, name, field).map_or_else(|| value(field), |(own, below)| self.link(field, &own, below));
        let default = if required { "(required)".to_owned() } else { default(text) };
        format!("| `{name}` | {} | {} | {} |\n", escaped(&value), escaped(&default), escaped(text))
    }

    /// Where the object of a field is described.
    fn link(&self, field: &Value, own: &str, below: &Value) -> String {
        let place = self.written.get(&identity(below)).map_or(own, String::as_str);
        let list =
            if field["type"] == "array" { format!("list{}: ", bounds(field, "Items", " of ")) } else { String::new() };
        let like = if place == own { "" } else { "as " };
        format!("{list}{like}[{place}](#{})", anchor(place))
    }

    /// What the rules of an object say, and those of its fields that have no section of their own.
    fn rules(&mut self, schema: &Value) {
        let messages = |schema: &Value, before: &str| -> Vec<String> {
            let rules = schema["x-kubernetes-validations"].as_array().into_iter().flatten();
            rules.filter_map(|rule| rule["message"].as_str()).map(|message| format!("- {before}{message}.\n")).collect()
        };
        let mut all = messages(schema, "");
        for (name, field) in fields(schema) {
            if below("", &name, field).is_none() {
                all.extend(messages(field, &format!("`{name}`: ")));
            }
        }
        if !all.is_empty() {
            let _ = write!(self.text, "\nRules:\n\n{}", all.concat());
        }
    }
}

/// The fields of an object, by name; those that must be given stand first.
fn fields(schema: &Value) -> Vec<(String, &Value)> {
    let required =
        |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|known| known == name));
    let all = schema["properties"].as_object().into_iter().flatten();
    let mut fields: Vec<(String, &Value)> = all.map(|(name, field)| (name.clone(), field)).collect();
    fields.sort_by_key(|(name, _)| !required(name));
    fields
}

/// The object that a field holds, or a list of, with its path. What is Kubernetes' own is explained there.
fn below<'a>(path: &str, name: &str, field: &'a Value) -> Option<(String, &'a Value)> {
    if name == "affinity" {
        return None;
    }
    if field["properties"].is_object() {
        return Some((format!("{path}.{name}"), field));
    }
    field["items"]["properties"].is_object().then(|| (format!("{path}.{name}[]"), &field["items"]))
}

/// What makes two objects the same to a reader: all but the words about the place they stand in.
fn identity(schema: &Value) -> String {
    let mut schema = schema.clone();
    if let Some(fields) = schema.as_object_mut() {
        fields.remove("description");
    }
    schema.to_string()
}
