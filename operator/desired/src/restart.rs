//! Why pods would be replaced, in words.

use serde_json::{Map, Value};

use crate::names::RESTARTED_AT;

/// What differs between the template that pods were made from and the one that is wanted. Nothing: they go on running.
pub fn why(live: &Value, wanted: &Value) -> Vec<String> {
    let mut reasons = Vec::new();
    walk("", live, wanted, &mut reasons);
    reasons.dedup();
    reasons
}

fn walk(path: &str, live: &Value, wanted: &Value, reasons: &mut Vec<String>) {
    if live == wanted {
        return;
    }
    match (live, wanted) {
        (Value::Object(before), Value::Object(after)) => {
            let none = Value::Null;
            let mut fields: Vec<&String> =
                before.keys().chain(after.keys().filter(|key| !before.contains_key(*key))).collect();
            fields.sort_unstable();
            for field in fields {
                let [before, after] = [before, after].map(|map: &Map<String, Value>| map.get(field).unwrap_or(&none));
                let below = if path.is_empty() { field.clone() } else { format!("{path}.{field}") };
                match word(field, before, after) {
                    Some(reason) if before != after => reasons.push(reason),
                    _ => walk(&below, before, after, reasons),
                }
            }
        }
        // Annotations are each by itself, also where there was none.
        (Value::Null, Value::Object(_)) if path.ends_with("annotations") => {
            walk(path, &Value::Object(Map::new()), wanted, reasons);
        }
        (Value::Object(_), Value::Null) if path.ends_with("annotations") => {
            walk(path, live, &Value::Object(Map::new()), reasons);
        }
        (Value::Array(before), Value::Array(after))
            if before.len() == after.len() && is_named(before) && is_named(after) =>
        {
            for (before, after) in before.iter().zip(after) {
                walk(&format!("{path}[{}]", after["name"].as_str().unwrap_or_default()), before, after, reasons);
            }
        }
        _ => reasons.push(path.to_owned()),
    }
}

fn is_named(list: &[Value]) -> bool {
    list.iter().all(|element| element["name"].is_string())
}

/// What has a word of its own.
fn word(field: &str, before: &Value, after: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
    match field {
        "image" => Some(format!("image {} → {}", text(before), text(after))),
        "configMap" => Some(format!("Config {} → {}", text(&before["name"]), text(&after["name"]))),
        RESTARTED_AT => Some(format!("a restart was asked for with annotation {RESTARTED_AT}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixture::{FULL, annotated, templates, tenant, wanted};

    fn reasons(before: &str, after: &str, name: &str) -> Vec<String> {
        let [before, after] = [before, after].map(|spec| wanted(&tenant(spec)));
        why(templates(&before)[name], templates(&after)[name])
    }

    #[test]
    fn an_image_a_config_and_sizes_are_named() {
        assert_eq!(reasons(FULL, FULL, "demo-messaging"), Vec::<String>::new());
        let config = reasons(FULL, &FULL.replace("maxConnections: 40", "maxConnections: 41"), "demo-presence");
        assert!(
            matches!(config.as_slice(), [one] if one.starts_with("Config demo-presence-") && one.contains(" → demo-presence-")),
            "{config:?}"
        );
        let sizes = reasons(FULL, &FULL.replace("memory: 1.5Gi", "memory: 3Gi"), "demo-messaging");
        let expected = ["containers[messaging]", "initContainers[migrate]"]
            .map(|holder| format!("spec.{holder}.resources.limits.memory"));
        assert_eq!(sizes, expected);
        let gone = reasons(FULL, &FULL.replace("      nodeSelector: {disk: ssd}\n", ""), "demo-messaging");
        assert_eq!(gone, ["spec.nodeSelector"]);
        let template = json!({"spec": {"containers": [{"name": "a", "image": "a:1"}]}});
        assert_eq!(
            why(&template, &json!({"spec": {"containers": [{"name": "a", "image": "a:2"}]}})),
            ["image a:1 → a:2"]
        );
    }

    #[test]
    fn a_restart_that_was_asked_for_is_named() {
        let [before, after] =
            [tenant(FULL), annotated(tenant(FULL), RESTARTED_AT, "now")].map(|tenant| wanted(&tenant));
        let found = why(templates(&before)["demo-presence"], templates(&after)["demo-presence"]);
        assert!(found.iter().any(|reason| reason.contains(RESTARTED_AT)), "{found:?}");
    }
}
