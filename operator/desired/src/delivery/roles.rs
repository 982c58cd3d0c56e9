//! Roles and their bindings as YAML, from the table of permissions.

use crate::permissions::{LEASE, Permission, Place, table};

/// Name of the operator's account, and of its roles.
pub const NAME: &str = "confab-operator";
/// Name of the role for a namespace whose tenants are looked after.
pub const TENANTS: &str = "confab-operator-tenants";

/// The cluster-wide mode: tenants of all namespaces, by the operator that lives in `own`.
pub fn everywhere(own: &str) -> String {
    role("ClusterRole", TENANTS, None, Place::Tenants) + &binding("ClusterRole", TENANTS, None, own)
}

/// The namespaced mode: tenants of one namespace, or of the one that this is applied to.
pub fn namespace(watched: Option<&str>, own: &str) -> String {
    role("Role", TENANTS, watched, Place::Tenants) + &binding("Role", TENANTS, watched, own)
}

/// What the operator needs where it lives, in either mode.
pub fn own(own: &str) -> String {
    role("Role", NAME, Some(own), Place::Own) + &binding("Role", NAME, Some(own), own)
}

/// The rules as templates of the chart, which chooses the name of the Lease.
pub(super) fn template() -> String {
    let lease = "{{ include \"confab.lease\" . }}";
    let one = |name: &str, place: Place| {
        format!(
            "{{{{- define \"{name}\" -}}}}\n{}{{{{- end }}}}\n",
            rules(place).replace(&quoted(LEASE), &format!("'{lease}'"))
        )
    };
    format!(
        "{{{{- /* Generated from operator/desired/src/permissions by `make generate`. Do not edit. */}}}}\n{}\n{}",
        one("confab.rules.tenants", Place::Tenants),
        one("confab.rules.own", Place::Own)
    )
}

fn role(kind: &str, name: &str, namespace: Option<&str>, place: Place) -> String {
    let metadata = metadata(name, namespace);
    format!("apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\n{metadata}rules:\n{}---\n", rules(place))
}

fn binding(kind: &str, name: &str, namespace: Option<&str>, own: &str) -> String {
    let metadata = metadata(name, namespace);
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1
kind: {kind}Binding
{metadata}roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {kind}
  name: {name}
subjects:
- kind: ServiceAccount
  name: {NAME}
  namespace: {own}
"
    )
}

fn metadata(name: &str, namespace: Option<&str>) -> String {
    let namespace = namespace.map(|namespace| format!("  namespace: {namespace}\n")).unwrap_or_default();
    format!(
        "metadata:
  name: {name}
{namespace}  labels:
    app.kubernetes.io/name: {NAME}
    app.kubernetes.io/part-of: confab
"
    )
}

/// The rules of one place; what differs in the resource alone shares one.
fn rules(place: Place) -> String {
    let mut shared: Vec<(Permission, Vec<&'static str>)> = Vec::new();
    for line in table().into_iter().filter(|line| line.place == place) {
        let resource = line.resource;
        let same =
            |(other, _): &&mut (Permission, Vec<_>)| Permission { resource: other.resource, ..line.clone() } == *other;
        match shared.iter_mut().find(same) {
            Some((_, resources)) => resources.push(resource),
            None => shared.push((line, vec![resource])),
        }
    }
    shared.iter().map(|(line, resources)| rule(line, resources)).collect()
}

fn rule(line: &Permission, resources: &[&str]) -> String {
    let names = if line.names.is_empty() { String::new() } else { format!("  resourceNames: {}\n", list(&line.names)) };
    format!(
        "# {}\n- apiGroups: {}\n  resources: {}\n{names}  verbs: {}\n",
        line.why,
        list(&[line.group]),
        list(resources),
        list(&line.verbs)
    )
}

fn list(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", words.join(", "))
}

fn quoted(word: &str) -> String {
    format!("\"{word}\"")
}
