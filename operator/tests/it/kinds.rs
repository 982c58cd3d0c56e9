//! Definitions of the kinds that other operators bring, with any content.

use confab_desired::Kind;
use confab_testbed::kubernetes::ApiServer;
use serde_json::{Value, json};

use crate::kubectl::kubectl;

/// Installs every optional kind.
pub fn install(server: &ApiServer) {
    let optional = Kind::ALL.into_iter().filter(|kind| kind.is_optional());
    let list = json!({"apiVersion": "v1", "kind": "List", "items": optional.map(definition).collect::<Vec<_>>()});
    kubectl(server.kubectl(), &["apply", "--server-side", "-f", "-"], &list.to_string()).expect("definitions");
    // `--for=condition` fails where there are no conditions yet.
    let established = "--for=jsonpath={.status.conditions[?(@.type=='Established')].status}=True";
    kubectl(server.kubectl(), &["wait", established, "--timeout=60s", "crd", "--all"], "").expect("established");
}

fn definition(kind: Kind) -> Value {
    let spelling = kind.spelling();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{}.{}", spelling.plural, spelling.group),
            // Groups below k8s.io are Kubernetes' own.
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
        },
        "spec": {
            "group": spelling.group,
            "scope": "Namespaced",
            "names": {"plural": spelling.plural, "kind": spelling.kind},
            "versions": [{
                "name": spelling.version,
                "served": true,
                "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
            }],
        },
    })
}
