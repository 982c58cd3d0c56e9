//! What the Prometheus operator scrapes. Shape: <https://prometheus-operator.dev/docs/api-reference/api/> (v1).

use serde_json::json;

use super::pod::plain;
use crate::check::Dedicated;
use crate::kind::Kind;
use crate::object::{Fate, Object};
use crate::settings::Settings;

pub(super) fn build(tenant: &Dedicated, settings: &Settings) -> Object {
    let mut labels = settings.service_monitor_labels.clone();
    labels.extend(tenant.names.labels(None));
    let metadata = tenant.owner.metadata(tenant.names.tenant().to_owned(), labels, Fate::GoesWithTenant);
    let value = json!({
        "metadata": plain(&metadata),
        "spec": {
            "selector": {"matchLabels": tenant.names.tenant_selector()},
            "endpoints": [{"port": "ops", "path": "/metrics"}],
            "targetLabels": ["app.kubernetes.io/instance", "app.kubernetes.io/component"],
        },
    });
    Object::new(Kind::ServiceMonitor, &value)
}
