#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use kube::{CustomResourceExt, Resource};

use super::rulebook::{API_VERSION, KIND, RULEBOOK};
use super::suggest::closest;
use crate::ChatTenant;

#[test]
fn a_slip_of_the_pen_is_understood_and_another_word_is_not() {
    let known = ["domain", "placement", "database", "redis", "groupMembers", "auth"];
    let suggest = |written| closest(written, known.into_iter());
    for (written, meant) in [
        ("domian", "domain"),
        ("Domain", "domain"),
        ("group_members", "groupMembers"),
        ("groupMember", "groupMembers"),
        ("dtabase", "database"),
        ("aut", "auth"),
    ] {
        assert_eq!(suggest(written), Some(meant), "{written}");
    }
    for written in ["", "x", "replicas", "кот", &"d".repeat(10_000)] {
        assert_eq!(suggest(written), None, "{written}");
    }
}

#[test]
fn the_rulebook_is_for_the_definition() {
    assert_eq!(API_VERSION, ChatTenant::api_version(&()));
    assert_eq!(KIND, ChatTenant::crd().spec.names.kind);
    assert!(RULEBOOK.cel.validations.iter().all(Result::is_ok));
}

#[test]
fn every_pattern_is_a_regular_expression_with_words_for_it() {
    fn walk(value: &serde_json::Value) {
        if let Some(pattern) = value["pattern"].as_str() {
            regex::Regex::new(pattern).unwrap();
            assert_ne!(super::structural::meaning(pattern), super::structural::NO_WORDS, "{pattern}");
        }
        match value {
            serde_json::Value::Object(fields) => fields.values().for_each(walk),
            serde_json::Value::Array(items) => items.iter().for_each(walk),
            _ => {}
        }
    }
    walk(&RULEBOOK.schema);
}
