//! The schema's own keywords: types, required fields, unknown fields, enums, patterns, bounds.

use std::collections::HashSet;

use serde_json::Value;

use super::node::{Content, Entry, Node, Position};
use super::problem::BrokenRule;
use super::rulebook::{RULEBOOK, TENANT_NAME};
use super::shown::{kind, name, shown};
use super::suggest::closest;
use crate::tenant;

/// A fault before it knows its file.
#[derive(Debug)]
pub(super) struct Fault {
    pub at: Position,
    pub path: String,
    pub rule: BrokenRule,
    pub message: String,
}

/// Everything in `node` that `schema` does not allow. `at` is where a missing field would be looked for.
pub(super) fn faults(schema: &Value, node: &Node, at: Position) -> Vec<Fault> {
    let mut check = Check { faults: Vec::new() };
    check.value(schema, node, "", at);
    check.faults
}

struct Check {
    faults: Vec<Fault>,
}

impl Check {
    fn fault(&mut self, at: Position, path: &str, keyword: &'static str, message: String) {
        self.faults.push(Fault { at, path: path.to_owned(), rule: BrokenRule::Schema(keyword), message });
    }

    fn value(&mut self, schema: &Value, node: &Node, path: &str, at: Position) {
        if node.is_null() && schema["nullable"] == true {
            return;
        }
        if !self.kind(schema, node, path, at) {
            return;
        }
        match &node.content {
            Content::Mapping(entries) => self.mapping(schema, entries, path, at),
            Content::Sequence(items) => self.sequence(schema, items, path, beside(at, node)),
            Content::Scalar(value) => self.scalar(schema, node, value, path),
        }
    }

    fn kind(&mut self, schema: &Value, node: &Node, path: &str, at: Position) -> bool {
        let expected = schema["type"].as_str().unwrap_or_default();
        let (fits, wanted) = match (expected, &node.content) {
            ("object", content) => (matches!(content, Content::Mapping(_)), "a mapping of fields"),
            ("array", content) => (matches!(content, Content::Sequence(_)), "a list"),
            ("string", content) => (matches!(content, Content::Scalar(Value::String(_))), "a text"),
            ("boolean", content) => (matches!(content, Content::Scalar(Value::Bool(_))), "true or false"),
            ("integer", Content::Scalar(Value::Number(number))) => (!number.is_f64(), "a whole number"),
            ("integer", _) => (false, "a whole number"),
            (_, Content::Scalar(value)) if schema["x-kubernetes-int-or-string"] == true => {
                (value.is_string() || value.is_i64() || value.is_u64(), AMOUNT)
            }
            (_, _) if schema["x-kubernetes-int-or-string"] == true => (false, AMOUNT),
            ("number", content) => (matches!(content, Content::Scalar(Value::Number(_))), "a number"),
            _ => (true, "anything"),
        };
        if !fits {
            let quotes =
                expected == "string" && matches!(node.content, Content::Scalar(Value::Bool(_) | Value::Number(_)));
            let hint = if quotes { "; put it in quotes" } else { "" };
            self.fault(beside(at, node), path, "type", format!("must be {wanted}, got {}{hint}", kind(node)));
        }
        fits
    }

    fn mapping(&mut self, schema: &Value, entries: &[Entry], path: &str, at: Position) {
        if let Some(most) = schema["maxProperties"].as_u64().filter(|most| entries.len() as u64 > *most) {
            let message = format!("must have at most {most} entries (maxProperties), got {}", entries.len());
            self.fault(at, path, "maxProperties", message);
            return;
        }
        let properties = schema["properties"].as_object();
        for Entry { key, key_at, value } in entries {
            let inner = join(path, key);
            match properties.and_then(|known| known.get(key)).or_else(|| additional(schema)) {
                // Kubernetes drops a null where none is allowed: the field counts as left out.
                Some(property) if value.is_null() && property["nullable"] != true => {}
                Some(property) => self.value(property, value, &inner, *key_at),
                None if schema["x-kubernetes-preserve-unknown-fields"] == true => {}
                None => {
                    let known = properties.into_iter().flatten().map(|(name, _)| name.as_str());
                    self.fault(*key_at, &inner, "unknownField", unknown(&inner, path, key, known));
                }
            }
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !entries.iter().any(|entry| entry.key == name && !entry.value.is_null()) {
                let inner = join(path, name);
                self.fault(at, &inner, "required", format!("is required; {}", how_to_give(name)));
            }
        }
    }

    fn sequence(&mut self, schema: &Value, items: &[Node], path: &str, at: Position) {
        if let Some(most) = schema["maxItems"].as_u64().filter(|most| items.len() as u64 > *most) {
            let message = format!("must have at most {most} entries (maxItems), got {}", items.len());
            self.fault(at, path, "maxItems", message);
            return;
        }
        if let Some(least) = schema["minItems"].as_u64().filter(|least| (items.len() as u64) < *least) {
            let message = format!("must have at least {least} entries (minItems), got {}", items.len());
            self.fault(at, path, "minItems", message);
        }
        for (index, item) in items.iter().enumerate() {
            self.value(&schema["items"], item, &format!("{path}[{index}]"), item.at);
        }
        self.repeats(schema, items, path);
    }

    /// A list that is a set, or a map by some of its fields, holds each entry once.
    fn repeats(&mut self, schema: &Value, items: &[Node], path: &str) {
        let keys: Vec<&str> =
            schema["x-kubernetes-list-map-keys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let identity = |item: &Node| match schema["x-kubernetes-list-type"].as_str() {
            Some("set") => Some(item.to_json().to_string()),
            Some("map") => Some(keys.iter().map(|key| item.to_json()[*key].to_string()).collect()),
            _ => None,
        };
        let mut seen = HashSet::new();
        for (index, item) in items.iter().enumerate() {
            if identity(item).is_some_and(|identity| !seen.insert(identity)) {
                let inner = format!("{path}[{index}]");
                let message = format!("is in this list already; remove it, got {}", shown(item, &inner));
                self.fault(item.at, &inner, "unique", message);
            }
        }
    }

    fn scalar(&mut self, schema: &Value, node: &Node, value: &Value, path: &str) {
        if let Some(allowed) = schema["enum"].as_array().filter(|allowed| !allowed.contains(value)) {
            let names: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
            let near = value.as_str().and_then(|text| closest(text, names.iter().copied()));
            let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            let message = format!("must be {} (enum), got {}{hint}", either(&names), shown(node, path));
            self.fault(node.at, path, "enum", message);
        }
        match value {
            Value::String(text) => self.text(schema, node, text, path),
            Value::Number(number) => self.number(schema, node, number, path),
            _ => {}
        }
    }

    fn text(&mut self, schema: &Value, node: &Node, text: &str, path: &str) {
        let length = text.chars().count() as u64;
        if let Some(most) = schema["maxLength"].as_u64().filter(|most| length > *most) {
            let message = format!("must have at most {most} characters (maxLength), got {}", shown(node, path));
            // The pattern would only say the same again.
            return self.fault(node.at, path, "maxLength", message);
        }
        if let Some(least) = schema["minLength"].as_u64().filter(|least| length < *least) {
            let message = match least {
                1 => "must not be empty (minLength)".into(),
                _ => format!("must have at least {least} characters (minLength), got {}", shown(node, path)),
            };
            return self.fault(node.at, path, "minLength", message);
        }
        let Some(pattern) = schema["pattern"].as_str() else { return };
        if !RULEBOOK.patterns.get(pattern).is_some_and(|regex| regex.is_match(text)) {
            let meaning = meaning(pattern);
            let message = format!("must be {meaning} (pattern {pattern}), got {}", shown(node, path));
            self.fault(node.at, path, "pattern", message);
        }
    }

    fn number(&mut self, schema: &Value, node: &Node, number: &serde_json::Number, path: &str) {
        let Some(value) = number.as_f64() else { return };
        if let Some(least) = schema["minimum"].as_f64().filter(|least| value < *least) {
            self.fault(node.at, path, "minimum", format!("must be at least {least} (minimum), got {number}"));
        }
        if let Some(most) = schema["maximum"].as_f64().filter(|most| value > *most) {
            self.fault(node.at, path, "maximum", format!("must be at most {most} (maximum), got {number}"));
        }
    }
}

/// What a quantity of Kubernetes looks like.
const AMOUNT: &str = "an amount such as 2, 100m or 512Mi";

/// Said of a pattern that nobody described.
pub(super) const NO_WORDS: &str = "of another form";

/// What a pattern asks for, in words.
pub(crate) fn meaning(pattern: &str) -> &'static str {
    match pattern {
        tenant::DNS_NAME => "a DNS name in lower case, such as chat.example.com",
        tenant::DNS_LABEL => "a DNS label: at most 63 lower-case letters, digits and '-', no '-' at either end",
        TENANT_NAME => "at most 40 lower-case letters, digits and '-', beginning with a letter, no '-' at the end",
        tenant::ORIGIN => "an origin such as https://app.example.com or http://localhost:5173, without a path, or '*'",
        tenant::SECRET_KEY => "a key of a Secret: letters, digits, '-', '_' and '.'",
        tenant::LABEL_KEY => "the name of a label, such as kubernetes.io/hostname",
        tenant::LABEL_VALUE => "the value of a label: at most 63 letters, digits, '-', '_' and '.'",
        tenant::VOLUME_SIZE => "a size such as 10Gi",
        tenant::QUANTITY => AMOUNT,
        tenant::HTTPS_URL => "an address such as https://s3.example.com",
        tenant::REGION => "a region such as eu-central-1",
        tenant::BUCKET => "the name of a bucket: lower-case letters, digits, '-' and '.'",
        tenant::PREFIX => "the beginning of a path such as acme/files/, without a leading '/'",
        tenant::MAILBOX => "an address such as chat@example.com or Acme chat <chat@example.com>",
        tenant::CONTACT => "an address such as mailto:ops@example.com or https://example.com/contact",
        tenant::APPLE_ID => "an id of ten capital letters and digits",
        tenant::BUNDLE_ID => "the id of an app, such as com.example.chat",
        tenant::NETWORK => "a network such as 10.0.0.0/8 or 2001:db8::/32",
        tenant::HOST_PATTERN => "a DNS name, or all names below one, such as *.chat.example.com",
        _ => NO_WORDS,
    }
}

/// Where a value is pointed at: its key, if the value only begins on a line below it.
fn beside(key: Position, node: &Node) -> Position {
    if node.at.line == key.line { node.at } else { key }
}

fn additional(schema: &Value) -> Option<&Value> {
    schema.get("additionalProperties").filter(|additional| additional.is_object())
}

fn unknown<'a>(inner: &str, parent: &str, key: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    if let Some(near) = closest(key, known.clone()) {
        return format!("unknown field {inner}, did you mean {}?", join(parent, near));
    }
    // A field may be spelt right and stand one level too high or too low; then the list of names helps most.
    let names: Vec<&str> = known.collect();
    match names.as_slice() {
        [] => format!("unknown field {inner}; nothing may stand here"),
        names => format!("unknown field {inner}; known here: {}", names.join(", ")),
    }
}

fn how_to_give(name: &str) -> String {
    match name {
        "domain" => "give the host name of the tenant, such as `domain: localhost`".into(),
        "secretRef" => "name the Secret that holds the URL, such as `secretRef: {name: my-secret}`".into(),
        _ => format!("add `{name}:`"),
    }
}

fn either(names: &[&str]) -> String {
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => names.concat(),
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { name(key) } else { format!("{path}.{}", name(key)) }
}
