//! For every keyword at every field of the schema a value on either side of it.
//!
//! The cases are made from the definition itself, so that a new field is tested from its first day.

use std::collections::BTreeSet;

use confab_crds::ChatTenant;
use kube::CustomResourceExt;
use serde_json::{Value, json};

use crate::full;

/// One value that must pass, or that must break one keyword at one path.
pub struct Case {
    pub object: Value,
    pub expected: Option<(String, &'static str)>,
}

#[derive(Default)]
pub struct Cases {
    pub list: Vec<Case>,
    pub keywords: BTreeSet<String>,
}

impl Cases {
    /// Those of the whole definition.
    pub fn all() -> Self {
        let definition = serde_json::to_value(ChatTenant::crd()).unwrap();
        let mut cases = Self::default();
        cases.of(&definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"], "");
        assert!(cases.list.len() > 1000, "{}", cases.list.len());
        cases
    }

    fn pass(&mut self, pointer: &str, value: Value) {
        self.list.push(Case { object: with(pointer, value), expected: None });
    }

    fn fail(&mut self, pointer: &str, value: Value, keyword: &'static str) {
        self.list.push(Case { object: with(pointer, value), expected: Some((dotted(pointer), keyword)) });
    }

    fn of(&mut self, schema: &Value, pointer: &str) {
        self.keywords.extend(schema.as_object().unwrap().keys().cloned());
        match schema["type"].as_str() {
            // A type of Kubernetes' own; what is inside it is tried by `an_affinity_is_checked_to_its_last_field`.
            Some("object") if pointer.ends_with("/affinity") => self.fail(pointer, json!("text"), "type"),
            Some("object") => self.of_object(schema, pointer),
            Some("array") => self.of_array(schema, pointer),
            Some("string") => self.of_text(schema, pointer),
            Some("integer") => self.of_number(schema, pointer),
            Some("boolean") => {
                self.pass(pointer, json!(false));
                self.fail(pointer, json!("true"), "type");
                self.fail(pointer, json!(1), "type");
            }
            None if schema["x-kubernetes-int-or-string"] == true => self.of_quantity(schema, pointer),
            other => panic!("a type without a case: {other:?}"),
        }
    }

    fn of_object(&mut self, schema: &Value, pointer: &str) {
        if !pointer.is_empty() {
            self.fail(pointer, json!("text"), "type");
        }
        if let Some(values) = schema.get("additionalProperties") {
            return self.of_map(schema, values, pointer);
        }
        let odd = format!("{pointer}/qqqqqqqq");
        self.fail(&odd, json!(1), "unknownField");
        for name in schema["required"].as_array().into_iter().flatten() {
            let pointer = format!("{pointer}/{}", name.as_str().unwrap());
            // Null counts as left out.
            self.fail(&pointer, Value::Null, "required");
            self.list.push(Case { object: without(&pointer), expected: Some((dotted(&pointer), "required")) });
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            self.of(property, &format!("{pointer}/{name}"));
        }
    }

    fn of_map(&mut self, schema: &Value, values: &Value, pointer: &str) {
        let entries = |count: u64| (0..count).map(|n| (format!("key-{n}"), json!("x"))).collect::<Value>();
        let most = schema["maxProperties"].as_u64().unwrap();
        self.pass(pointer, entries(most));
        self.fail(pointer, entries(most + 1), "maxProperties");
        self.pass(pointer, json!({}));
        self.of(values, &format!("{pointer}/key"));
    }

    fn of_array(&mut self, schema: &Value, pointer: &str) {
        self.fail(pointer, json!({"a": 1}), "type");
        let item = full::with(&format!("{pointer}/0")).pointer(&format!("{pointer}/0")).unwrap().clone();
        let items = |count: u64| (0..count).map(|n| nth(&item, n)).collect::<Value>();
        if let Some(most) = schema["maxItems"].as_u64() {
            self.pass(pointer, items(most));
            self.fail(pointer, items(most + 1), "maxItems");
        }
        if let Some(least) = schema["minItems"].as_u64() {
            self.pass(pointer, items(least));
            self.fail(pointer, items(least - 1), "minItems");
        }
        if schema["x-kubernetes-list-type"].is_string() {
            let object = with(pointer, json!([item, item]));
            self.list.push(Case { object, expected: Some((format!("{}[1]", dotted(pointer)), "unique")) });
        }
        self.of(&schema["items"], &format!("{pointer}/0"));
    }

    fn of_text(&mut self, schema: &Value, pointer: &str) {
        self.fail(pointer, json!(5), "type");
        self.fail(pointer, json!(true), "type");
        for name in schema["enum"].as_array().into_iter().flatten() {
            self.list.push(Case { object: with_choice(pointer, name), expected: None });
        }
        if schema["enum"].is_array() {
            self.fail(pointer, json!("Sideways"), "enum");
        }
        if let Some(least) = schema["minLength"].as_u64() {
            self.fail(pointer, json!("a".repeat(usize::try_from(least).unwrap() - 1)), "minLength");
        }
        if let Some(most) = schema["maxLength"].as_u64() {
            self.pass(pointer, json!(long_text(pointer, usize::try_from(most).unwrap())));
            self.fail(pointer, json!("a".repeat(usize::try_from(most).unwrap() + 1)), "maxLength");
        }
        if schema["pattern"].is_string() {
            for wrong in ["a b", "-A!", "x/y z", "ééé"] {
                self.fail(pointer, json!(wrong), "pattern");
            }
        }
    }

    fn of_number(&mut self, schema: &Value, pointer: &str) {
        for wrong in [json!("5"), json!(1.5), json!(false), json!([1])] {
            self.fail(pointer, wrong, "type");
        }
        for (keyword, outward) in [("minimum", -1), ("maximum", 1)] {
            if let Some(bound) = schema[keyword].as_f64() {
                let bound: i64 = format!("{bound}").parse().unwrap();
                self.pass(pointer, json!(bound));
                self.fail(pointer, json!(bound + outward), keyword);
            }
        }
    }

    fn of_quantity(&mut self, schema: &Value, pointer: &str) {
        for (right, side) in [
            (json!(0), "requests"),
            (json!("10m"), "requests"),
            (json!(999_999_999_999_u64), "limits"),
            (json!("4Gi"), "limits"),
        ] {
            if pointer.contains(side) {
                self.pass(pointer, right);
            }
        }
        // Nothing behind a field counts as left out, also to the rules that compare amounts.
        self.pass(pointer, Value::Null);
        for wrong in [json!(1.5), json!(false), json!([1])] {
            self.fail(pointer, wrong, "type");
        }
        assert!(schema["pattern"].is_string() && schema["minimum"] == 0.0, "{schema}");
        for wrong in ["-1", "1 Gi", "1GB", "much", ""] {
            // A rule would choke on these as well, and the schema speaks first.
            self.fail(pointer, json!(wrong), "pattern");
        }
        self.fail(pointer, json!(-1), "minimum");
    }
}

/// The same entry of a list once more, but another.
fn nth(item: &Value, n: u64) -> Value {
    match item {
        Value::String(text) if text.contains("://") => json!(format!("https://h{n}.example.com")),
        Value::String(text) if text.contains('/') => json!(format!("10.{n}.0.0/16")),
        Value::String(text) if text.contains('*') => json!(format!("*.h{n}.example.com")),
        Value::String(text) => json!(format!("{text}-{n}")),
        other => other.clone(),
    }
}

/// The longest allowed text of a field.
fn long_text(pointer: &str, most: usize) -> String {
    let name = |length: usize| "abcdefghi.".chars().cycle().take(length - 1).chain(['a']).collect::<String>();
    let plain = |length: usize| "a".repeat(length);
    let field = pointer.trim_end_matches("/0").rsplit('/').next().unwrap();
    match field {
        "allowedOrigins" => format!("https://{}:65535", name(most - 14)),
        "endpoint" | "subject" => format!("https://{}/{}", name(253), plain(most - 262)),
        "trustedProxies" => "1111:2222:3333:4444:5555:6666:7777:8888/128".into(),
        "size" => format!("{}.123Gi", "1".repeat(15)),
        "from" => format!("{} <{}@{}>", plain(100), plain(64), name(253)),
        "keyId" | "teamId" => "A1".repeat(5),
        "key" if pointer.contains("matchExpressions") || pointer.contains("tolerations") => {
            format!("{}/{}", name(253), plain(63))
        }
        _ if most <= 63 => plain(most),
        _ => name(most),
    }
}

fn with(pointer: &str, value: Value) -> Value {
    let mut object = full::with(pointer);
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match object.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        parent => parent[key] = value,
    }
    object
}

/// A choice, without what it excludes.
fn with_choice(pointer: &str, value: &Value) -> Value {
    let mut object = with(pointer, value.clone());
    let (parent, _) = pointer.rsplit_once('/').unwrap();
    match value.as_str().unwrap() {
        "Shared" if pointer == "/spec/placement/mode" => {
            object["spec"].as_object_mut().unwrap().retain(|key, _| ["domain", "placement"].contains(&key.as_str()));
        }
        "Same" | "All" => drop(object.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove("selector")),
        "None" if pointer.contains("smtp") => {
            object.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove("credentialsSecretRef");
        }
        "Exists" | "DoesNotExist" => {
            let entry = object.pointer_mut(parent).unwrap().as_object_mut().unwrap();
            entry.retain(|key, _| !["value", "values"].contains(&key.as_str()));
        }
        "NoSchedule" | "PreferNoSchedule" => {
            object.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove("tolerationSeconds");
        }
        _ => {}
    }
    object
}

fn without(pointer: &str) -> Value {
    let mut object = full::with(pointer);
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    object.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key);
    object
}

fn dotted(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace("/0", "[0]").replace('/', ".")
}
