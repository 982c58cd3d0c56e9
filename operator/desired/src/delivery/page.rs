//! `docs/permissions.md`.

use crate::permissions::{Permission, Place, table};

const HEAD: &str = "<!-- Generated from operator/desired/src/permissions by `make generate`. Do not edit. -->

# What the operator may do

The operator's account has the rights below and no others. There is no wildcard, and no right to list or watch Secrets. A test
plays everything that the operator does against an API server that records each request, as a user with exactly these rights: none
of them is missing, and none is unused.
";

const TENANTS: &str = "
## Where tenants are looked after

In the cluster-wide mode this is a ClusterRole, bound for all namespaces. In the namespaced mode (`watchNamespaces` of the chart) it
is a Role in each of the namespaces that are named, and there is no right to anything outside them.
";

const OWN: &str = "
## In the operator's own namespace

A Role, in either mode.
";

pub(super) fn text() -> String {
    format!("{HEAD}{TENANTS}{}{OWN}{}", rows(Place::Tenants), rows(Place::Own))
}

fn rows(place: Place) -> String {
    let lines = table().into_iter().filter(|line| line.place == place);
    let rows: String = lines.map(|line| row(&line)).collect();
    format!("\n| resource | verbs | why |\n|---|---|---|\n{rows}")
}

fn row(line: &Permission) -> String {
    let group = if line.group.is_empty() { String::new() } else { format!(" ({})", line.group) };
    let names = if line.names.is_empty() { String::new() } else { format!(", named `{}`", line.names.join("`, `")) };
    format!("| `{}`{group}{names} | {} | {} |\n", line.resource, line.verbs.join(", "), line.why)
}
