//! Which objects would be made, changed and removed.

use confab_desired::compare::{differs, seen};
use confab_desired::names::COMPONENT;
use confab_desired::ownership::{is_ours, not_ours, unwanted};
use confab_desired::{FIELD_MANAGER, Kind, Object};
use serde_json::Value;

use super::{Child, find};

/// What would happen to the objects of a tenant.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// What would change, in the order in which it would.
    pub list: Vec<Change>,
    /// How many would stay as they are.
    pub unchanged: usize,
}

/// What would happen to one object.
#[derive(Debug)]
pub(super) struct Change {
    /// What would be done.
    pub verb: Verb,
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What is there of it: what we say or said about it. Of a new Config, the one that it takes the place of.
    pub before: Option<Value>,
    /// What would be there.
    pub after: Option<Value>,
}

/// What would be done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Create,
    Change,
    Delete,
}

impl Changes {
    pub(super) fn differ(&self) -> bool {
        !self.list.is_empty()
    }

    /// What lies between what is wanted and what is there. `is_owned`: live objects say who owns which field. The error: an
    /// object that is somebody else's stands in the way.
    pub(super) fn between(wanted: &[Object], there: &[Child], is_owned: bool) -> Result<Self, String> {
        let mut changes = Self::default();
        for object in wanted {
            match find(there, object.kind, &object.name) {
                None => changes.list.push(create(object, wanted, there)),
                Some(live) if !is_ours(live, object) => return Err(not_ours(object).message),
                Some(live) => match change(object, live, is_owned) {
                    Some(change) => changes.list.push(change),
                    None => changes.unchanged += 1,
                },
            }
        }
        // A Config of before goes when the new pods serve.
        let gone = unwanted(there, wanted, true);
        changes.list.extend(gone.into_iter().map(|(kind, child)| Change {
            verb: Verb::Delete,
            kind,
            name: child["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
            before: None,
            after: None,
        }));
        Ok(changes)
    }
}

fn create(object: &Object, wanted: &[Object], there: &[Child]) -> Change {
    let before = (object.kind == Kind::ConfigMap).then(|| former_config(object, wanted, there)).flatten();
    Change {
        verb: Verb::Create,
        kind: object.kind,
        name: object.name.clone(),
        before: before.map(|former| seen(&object.value, former, FIELD_MANAGER)),
        after: Some(object.value.clone()),
    }
}

/// The Config of the same role that goes: what changes in it is worth more than all of it.
fn former_config<'a>(object: &Object, wanted: &[Object], there: &'a [Child]) -> Option<&'a Value> {
    let role = |value: &Value| value["metadata"]["labels"][COMPONENT].clone();
    let is_wanted = |name: &Value| wanted.iter().any(|object| *name == object.name.as_str());
    let former = there.iter().find(|(kind, child)| {
        *kind == Kind::ConfigMap && role(child) == role(&object.value) && !is_wanted(&child["metadata"]["name"])
    });
    former.map(|(_, child)| child.as_ref())
}

fn change(object: &Object, live: &Value, is_owned: bool) -> Option<Change> {
    let before = view(object, live, is_owned);
    let differ = if is_owned { differs(&object.value, live, FIELD_MANAGER) } else { before != object.value };
    differ.then(|| Change {
        verb: Verb::Change,
        kind: object.kind,
        name: object.name.clone(),
        before: Some(before),
        after: Some(object.value.clone()),
    })
}

/// What is there of an object, as far as we say or said something about it. In a folder that is all of it.
pub(super) fn view(object: &Object, live: &Value, is_owned: bool) -> Value {
    if is_owned { seen(&object.value, live, FIELD_MANAGER) } else { live.clone() }
}
