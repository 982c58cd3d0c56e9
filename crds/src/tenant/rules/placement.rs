//! Shared and Dedicated, hosts and guests.

use kube::core::{Reason, Rule};

use super::DEDICATED;
use crate::tenant::selector::{LABEL_KEY, LABEL_KEY_CHARS};

/// A Dedicated tenant is served by its own pods.
pub(in crate::tenant) fn host_only_for_guests() -> Rule {
    Rule::new("!has(self.hostRef) || !has(self.mode) || self.mode == 'Shared'")
        .message("hostRef is for Shared tenants, which a host serves; remove it, or write mode: Shared")
        .field_path(".hostRef")
}

/// What only pods of one's own can have.
pub(in crate::tenant) fn needs_dedicated(field: &str) -> Rule {
    Rule::new(format!("!has(self.{field}) || {DEDICATED}"))
        .message(&*format!(
            "{field} needs placement.mode: Dedicated, since a Shared tenant runs in the pods and the database of its host; remove \
             {field}, or write `placement: {{mode: Dedicated}}`"
        ))
        .field_path(format!(".{field}"))
}

/// The data would stay where they are.
pub(in crate::tenant) fn placement_stays() -> Rule {
    let mode = |root: &str| {
        format!("(has({root}.placement) && has({root}.placement.mode) ? {root}.placement.mode : 'Shared')")
    };
    Rule::new(format!("{} == {}", mode("self"), mode("oldSelf")))
        .message(
            "placement.mode cannot be changed: accounts and messages would stay behind in the old database; create another ChatTenant \
             with the new placement and move people to it",
        )
        .reason(Reason::FieldValueForbidden)
        .field_path(".placement")
}

/// The tenant's rows are in its host's database.
pub(in crate::tenant) fn host_stays() -> Rule {
    let part = |root: &str, part: &str| {
        format!(
            "(has({root}.placement) && has({root}.placement.hostRef) && has({root}.placement.hostRef.{part}) ? \
             {root}.placement.hostRef.{part} : '')"
        )
    };
    let same = |name: &str| format!("{} == {}", part("self", name), part("oldSelf", name));
    // `namespace` is a reserved word of CEL; Kubernetes calls such fields so, and finds nothing under the plain name.
    Rule::new(format!("{} && {}", same("name"), same("__namespace__")))
        .message(
            "placement.hostRef cannot be changed: accounts and messages are in the database of the host; create another ChatTenant with \
             the new host and move people to it",
        )
        .reason(Reason::FieldValueForbidden)
        .field_path(".placement")
}

/// A selector that nothing reads would look like a restriction.
pub(in crate::tenant) fn selector_with_from_selector() -> Rule {
    Rule::new("has(self.selector) == (has(self.from) && self.from == 'Selector')")
        .message(
            "`selector` and `from: Selector` go together: give both, or neither; `selector: {}` accepts every namespace",
        )
        .field_path(".selector")
}

/// As the API server itself asks of a selector.
pub(in crate::tenant) fn values_fit_the_operator() -> Rule {
    Rule::new("(self.operator in ['In', 'NotIn']) == (has(self.values) && self.values.size() > 0)")
        .message("In and NotIn need at least one entry in `values`; Exists and DoesNotExist take none")
        .field_path(".values")
}

/// A schema has no word for what the keys of a map may be.
pub(in crate::tenant) fn keys_are_label_names() -> Rule {
    Rule::new(format!("self.all(key, key.size() <= {LABEL_KEY_CHARS} && key.matches('{LABEL_KEY}'))")).message(
        "every key must be the name of a label or annotation, such as team or example.com/team: at most 63 letters, digits, '-', '_' and \
         '.', with or without a lower-case DNS name and '/' before it",
    )
}
