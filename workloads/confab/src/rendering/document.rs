//! Objects as YAML for people: what it is comes first, then the rest by name.

use serde_json::Value;
use yaml_serde::Mapping;

/// Fields of an object that come before all others.
const FIRST: [&str; 4] = ["apiVersion", "kind", "metadata", "type"];

/// A value as YAML.
///
/// # Panics
///
/// Never: what JSON holds, YAML holds.
pub fn yaml(value: &Value) -> String {
    let Some(members) = value.as_object() else { return text(value) };
    let rank = |field: &str| FIRST.iter().position(|first| *first == field).unwrap_or(FIRST.len());
    let mut fields: Vec<&String> = members.keys().collect();
    fields.sort_by_key(|field| (rank(field), field.as_str()));
    let mut mapping = Mapping::new();
    for field in fields {
        let member = yaml_serde::to_value(&members[field]).expect("what JSON holds, YAML holds");
        mapping.insert(field.as_str().into(), member);
    }
    text(&mapping)
}

fn text(value: &impl serde::Serialize) -> String {
    yaml_serde::to_string(value).expect("what JSON holds, YAML holds")
}

/// Lines of a comment.
pub fn comment(text: &str) -> String {
    text.lines().map(|line| format!("# {line}").trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_object_is_comes_first_and_the_text_reads_as_the_same_object() {
        let object = json!({
            "spec": {"replicas": 1, "version": "1.0", "empty": {}},
            "data": {"config.yaml": "a: 1\nb: yes\n"},
            "kind": "X", "apiVersion": "v1", "metadata": {"name": "x", "labels": {"a": "true"}},
        });
        let text = yaml(&object);
        assert!(text.starts_with("apiVersion: v1\nkind: X\nmetadata:\n"), "{text}");
        assert_eq!(yaml_serde::from_str::<Value>(&text).expect("YAML"), object);
    }

    #[test]
    fn a_comment_is_one_on_every_line() {
        assert_eq!(comment("a\n\nb"), "# a\n#\n# b\n");
    }
}
