//! The plan as text: differences as `kubectl diff` shows them, then what they come to.

use std::fmt::Write as _;

use confab_desired::names::RENDERED;
use confab_desired::{digest, kind::Kind};
use serde_json::Value;
use similar::TextDiff;

use super::Plan;
use super::changes::{Change, Verb};
use crate::rendering::document::yaml;

/// All plans.
pub(super) fn text(plans: &[Plan]) -> String {
    let mut text = String::new();
    for plan in plans {
        for change in &plan.changes.list {
            text.push_str(&difference(plan, change));
        }
        if let Some((before, after)) = &plan.told {
            let heading = |place: &str| format!("{place}/settings/{}", plan.name);
            text.push_str(&unified(&heading(&plan.place), &heading("planned"), before, after));
        }
        text.push_str(&summary(plan));
    }
    text
}

fn difference(plan: &Plan, change: &Change) -> String {
    let heading = |place: &str, name: &str| {
        let namespace = plan.name.split('/').next().unwrap_or_default();
        format!("{place}/{}/{namespace}/{name}", change.kind.spelling().kind)
    };
    let name_of = |value: &Value| value["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let before =
        change.before.as_ref().map_or_else(|| "/dev/null".to_owned(), |before| heading(&plan.place, &name_of(before)));
    let Some(after) = &change.after else { return String::new() };
    let shown = |value: Option<&Value>| value.map(|value| yaml(&shortened(value))).unwrap_or_default();
    let (old, new) = (shown(change.before.as_ref()), shown(Some(after)));
    if old == new {
        // The words are the same and the owner is not.
        let heading = heading(&plan.place, &change.name);
        return format!(
            "{heading}: fields of it belong to somebody else; the operator takes them over, with the values that they have\n"
        );
    }
    unified(&before, &heading("planned", &change.name), &old, &new)
}

/// What pods were rendered from is a large text that repeats what else is shown: its digest tells whether it changes.
fn shortened(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(rendered) =
        value.pointer_mut("/metadata/annotations").and_then(|annotations| annotations.get_mut(RENDERED))
    {
        *rendered = format!("({})", digest::short(rendered.as_str().unwrap_or_default())).into();
    }
    value
}

fn unified(before: &str, after: &str, old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new).unified_diff().context_radius(3).header(before, after).to_string()
}

fn summary(plan: &Plan) -> String {
    let count = |verb: Verb| plan.changes.list.iter().filter(|change| change.verb == verb).count();
    let mut text = format!("{}: ", plan.name);
    if plan.differs() {
        let _ = writeln!(
            text,
            "{} to create, {} to change, {} to delete, {} as they are",
            count(Verb::Create),
            count(Verb::Change),
            count(Verb::Delete),
            plan.changes.unchanged
        );
    } else {
        text.push_str("nothing would change\n");
    }
    for Change { verb, kind, name, .. } in &plan.changes.list {
        let (verb, when) = match verb {
            Verb::Create if *kind == Kind::Secret => ("create", ", with data that the operator makes"),
            Verb::Create => ("create", ""),
            Verb::Change => ("change", ""),
            Verb::Delete if *kind == Kind::ConfigMap => ("delete", ", when no pod needs it any more"),
            Verb::Delete => ("delete", ""),
        };
        let _ = writeln!(text, "  {verb}  {} {name}{when}", kind.spelling().kind);
    }
    if plan.told.is_some() {
        let _ = writeln!(text, "  settings: {} told of them at once; nothing restarts for that", plan.listener);
    }
    for line in &plan.pods {
        let _ = writeln!(text, "  {line}");
    }
    for note in &plan.notes {
        let _ = writeln!(text, "  note: {note}");
    }
    text
}
