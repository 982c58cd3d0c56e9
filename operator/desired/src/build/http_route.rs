//! The way in through the Gateway API: HTTPRoutes for each row of the table, since all hosts of one share their rules.
//! Shape: <https://gateway-api.sigs.k8s.io/reference/spec/> (v1).

use confab_crds::tenant::resolved::{ResolvedParent, ResolvedRoute};
use serde_json::{Value, json};

use super::pod::plain;
use super::routes::{self, Route, SOCKET_PATH};
use crate::check::Dedicated;
use crate::kind::Kind;
use crate::names::Role;
use crate::object::{Fate, Object};

/// Host names of one HTTPRoute at most, by its schema.
const HOSTS: usize = 16;

pub(super) fn build(tenant: &Dedicated) -> Vec<Object> {
    let Some(ResolvedRoute::HttpRoute(parents)) = tenant.gateway.as_ref().map(|gateway| &gateway.route) else {
        return Vec::new();
    };
    let name = tenant.names.tenant();
    let [own, sockets] = routes::table(tenant);
    let mut objects = Vec::new();
    for (index, hosts) in own.hosts.chunks(HOSTS).enumerate() {
        let name = if index == 0 { name.to_owned() } else { format!("{name}-{}", index + 1) };
        objects.push(one(tenant, parents, name, &Route { hosts: hosts.to_vec(), ..own.clone() }));
    }
    objects.push(one(tenant, parents, format!("{name}-ws"), &sockets));
    objects
}

fn one(tenant: &Dedicated, parents: &[ResolvedParent], name: String, route: &Route) -> Object {
    let metadata = tenant.owner.metadata(name, tenant.names.labels(None), Fate::GoesWithTenant);
    let mut rules = Vec::new();
    if let Some(sockets) = route.socket {
        rules.push(rule(tenant, "Exact", SOCKET_PATH, sockets));
    }
    rules.push(rule(tenant, "PathPrefix", "/", route.rest));
    let value = json!({
        "metadata": plain(&metadata),
        "spec": {
            "parentRefs": parents.iter().map(parent).collect::<Vec<_>>(),
            "hostnames": route.hosts,
            "rules": rules,
        },
    });
    Object::new(Kind::HttpRoute, &value)
}

fn parent(parent: &ResolvedParent) -> Value {
    json!({
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "name": parent.name,
        "namespace": parent.namespace,
        "sectionName": parent.section_name,
    })
}

fn rule(tenant: &Dedicated, kind: &str, path: &str, role: Role) -> Value {
    json!({
        "matches": [{"path": {"type": kind, "value": path}}],
        "backendRefs": [{"group": "", "kind": "Service", "name": tenant.names.role(role), "port": 80, "weight": 1}],
    })
}
