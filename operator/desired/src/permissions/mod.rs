//! What the operator may do in a cluster: one table, from which every role is made. See [`crate::delivery`] for the roles.
//!
//! A test of the operator compares the table with what an API server was asked for in a tour of everything: nothing is missing, and
//! nothing is here that is not needed.

#[cfg(test)]
mod tests;

use crate::kind::Kind;

/// Name of the Lease that elects the operator, unless its Config names another.
pub const LEASE: &str = "confab-operator";
/// Name of the Secret with the operator's own key.
pub const KEY_SECRET: &str = "confab-operator-key";

/// Where something is permitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// Wherever tenants are looked after: everywhere, or, in the namespaced mode, in the namespaces that are named.
    Tenants,
    /// In the operator's own namespace.
    Own,
}

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// Where.
    pub place: Place,
    /// API group; empty for the core.
    pub group: &'static str,
    /// As in URLs, a subresource behind a slash.
    pub resource: &'static str,
    /// What may be done.
    pub verbs: Vec<&'static str>,
    /// Only to objects of these names; empty: to all.
    pub names: Vec<&'static str>,
    /// What for.
    pub why: String,
}

/// Everything that the operator may do, and nothing else.
pub fn table() -> Vec<Permission> {
    let mut table = tenants();
    table.extend(Kind::ALL.into_iter().map(object));
    table.extend(surroundings());
    table.extend(own());
    table
}

fn tenants() -> Vec<Permission> {
    let of =
        |resource, verbs: &[&'static str], why: &str| permission(Place::Tenants, "confab.dev", resource, verbs, why);
    vec![
        of("chattenants", &["list", "watch", "patch"], "What is looked after. Patched is the finalizer alone."),
        of("chattenants/status", &["patch"], "What was observed."),
        of(
            "chattenants/finalizers",
            &["update"],
            "Objects of a tenant name it as their owner. The admission plugin OwnerReferencesPermissionEnforcement asks for this.",
        ),
    ]
}

/// Objects of a tenant. Server-side apply takes `patch`, and `create` where the object is not there yet.
fn object(kind: Kind) -> Permission {
    let spelling = kind.spelling();
    let mut verbs = vec!["get"];
    if kind.is_watched() {
        verbs.extend(["list", "watch"]);
    }
    verbs.extend(["create", "patch", "delete"]);
    let why = match kind {
        Kind::Secret => {
            "Read and made one by one, by name: never listed, never watched. Deleted is none; the right to is what \
             OwnerReferencesPermissionEnforcement asks for when spec.deletionPolicy changes what goes with the tenant."
        }
        Kind::PersistentVolumeClaim => {
            "Data. Deleted is none by the operator itself; the right to is asked for as for Secrets."
        }
        Kind::Cluster => {
            "Where CloudNativePG is installed. Deleted is none by the operator itself; the right to is asked for as for Secrets."
        }
        Kind::Certificate => "Where cert-manager is installed.",
        Kind::HttpRoute => "Where the Gateway API is installed.",
        Kind::ServiceMonitor => "Where the Prometheus operator is installed.",
        _ => "Objects of a tenant. Deleted are those that it does not need any more.",
    };
    permission(Place::Tenants, spelling.group, spelling.plural, &verbs, why)
}

fn surroundings() -> Vec<Permission> {
    let of = |group, resource, verbs: &[&'static str], why| permission(Place::Tenants, group, resource, verbs, why);
    vec![
        of("", "pods", &["list"], "Why pods of a tenant do not become ready."),
        of("", "namespaces", &["get"], "The labels of a guest's namespace, where its host chooses guests by labels."),
        of(
            "events.k8s.io",
            "events",
            &["create", "patch"],
            "Told are transitions; patched is the count of one that comes again.",
        ),
        of(
            "coordination.k8s.io",
            "leases",
            &["get"],
            "Whether another operator, which a tenant's status names, still lives.",
        ),
    ]
}

fn own() -> Vec<Permission> {
    let of = |group, resource, verbs: &[&'static str], names: &[&'static str], why| Permission {
        names: names.to_vec(),
        ..permission(Place::Own, group, resource, verbs, why)
    };
    let lease =
        "Who acts, of several operators. The right to create cannot be bound to a name; read are those of others, too.";
    let key = "The operator's own key, made once. The right to create cannot be bound to a name.";
    vec![
        of("coordination.k8s.io", "leases", &["list", "watch", "update"], &[LEASE], lease),
        of("coordination.k8s.io", "leases", &["get", "create"], &[], lease),
        of("", "secrets", &["get"], &[KEY_SECRET], key),
        of("", "secrets", &["create"], &[], key),
    ]
}

fn permission(
    place: Place,
    group: &'static str,
    resource: &'static str,
    verbs: &[&'static str],
    why: &str,
) -> Permission {
    Permission { place, group, resource, verbs: verbs.to_vec(), names: Vec::new(), why: why.to_owned() }
}
