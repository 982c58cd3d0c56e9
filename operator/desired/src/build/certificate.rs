//! The certificate of an Ingress, where cert-manager makes it. Shape: <https://cert-manager.io/docs/reference/api-docs/> (v1).

use confab_crds::tenant::resolved::{ResolvedRoute, ResolvedTls};
use serde_json::json;

use super::pod::plain;
use super::routes;
use crate::check::Dedicated;
use crate::kind::Kind;
use crate::object::{Fate, Object};

pub(super) fn build(tenant: &Dedicated) -> Option<Object> {
    let ResolvedRoute::Ingress(ingress) = &tenant.gateway.as_ref()?.route else { return None };
    let Some(ResolvedTls::CertManager(issuer)) = &ingress.tls else { return None };
    let name = tenant.names.gateway_tls();
    let metadata = tenant.owner.metadata(name.clone(), tenant.names.labels(None), Fate::GoesWithTenant);
    let value = json!({
        "metadata": plain(&metadata),
        "spec": {
            "secretName": name,
            "dnsNames": routes::hosts(tenant),
            "issuerRef": {"name": issuer.name, "kind": issuer.kind.name(), "group": issuer.group},
        },
    });
    Some(Object::new(Kind::Certificate, &value))
}
