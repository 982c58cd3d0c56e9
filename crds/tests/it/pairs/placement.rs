//! Shared and Dedicated, hosts and guests.

use super::{Pair, change, dedicated, pair};

pub fn pairs() -> Vec<Pair> {
    let mut pairs = vec![
        pair(
            "hostRef is for Shared tenants",
            "placement: {hostRef: {name: host}}",
            "placement: {mode: Dedicated, hostRef: {name: host}}",
        ),
        change(
            "placement.mode cannot be changed",
            "hibernated: false",
            "placement: {mode: Shared}",
            "placement: {mode: Dedicated}",
        ),
        change(
            "placement.mode cannot be changed",
            "placement: {mode: Dedicated}",
            "placement: {mode: Dedicated}, hibernated: true",
            "hibernated: true",
        ),
        change(
            "hostRef cannot be changed",
            "placement: {hostRef: {name: host, namespace: hosts}}",
            "placement: {mode: Shared, hostRef: {name: host, namespace: hosts}}",
            "placement: {hostRef: {name: other, namespace: hosts}}",
        ),
        change(
            "hostRef cannot be changed",
            "placement: {hostRef: {name: host, namespace: hosts}}",
            "placement: {hostRef: {name: host, namespace: hosts}}, paused: true",
            "placement: {hostRef: {name: host, namespace: other}}",
        ),
        change(
            "hostRef cannot be changed",
            "placement: {hostRef: {name: host}}",
            "placement: {hostRef: {name: host}}, paused: true",
            "paused: true",
        ),
        dedicated(
            "go together",
            "allowedTenants: {namespaces: {from: Selector, selector: {}}}",
            "allowedTenants: {namespaces: {from: Selector}}",
        ),
        dedicated(
            "go together",
            "allowedTenants: {namespaces: {from: All}}",
            "allowedTenants: {namespaces: {selector: {matchLabels: {a: b}}}}",
        ),
        pair("a Shared tenant has no pods", "placement: {mode: Dedicated}, files: {volume: {}}", "files: {volume: {}}"),
    ];
    for field in [
        "allowedTenants: {}",
        "database: {embedded: {}}",
        "redis: {managed: {}}",
        "replicas: 1",
        "messaging: {}",
        "presence: {}",
        "gateway: {ingress: {}}",
        "updateStrategy: Auto",
    ] {
        let name = field.split(':').next().unwrap();
        let postgres =
            if ["redis", "presence"].contains(&name) { "database: {postgres: {secretRef: {name: db}}}, " } else { "" };
        let keeps = format!("placement: {{mode: Dedicated}}, {postgres}{field}");
        pairs.push(pair(&format!("{name} needs placement.mode: Dedicated"), &keeps, field));
    }
    for (before, after) in [
        ("allowedTenants: {namespaces: {from: Selector, selector: ", "}}"),
        ("gateway: {ingress: {}, from: {namespaceSelector: ", "}}"),
    ] {
        pairs.extend(selectors(before, after));
    }
    pairs
}

fn selectors(before: &str, after: &str) -> Vec<Pair> {
    let with = |selector: &str| format!("{before}{selector}{after}");
    let expression = |expression: &str| with(&format!("{{matchExpressions: [{{key: a, {expression}}}]}}"));
    vec![
        dedicated(
            "Exists and DoesNotExist take none",
            &expression("operator: In, values: [b]"),
            &expression("operator: In"),
        ),
        dedicated(
            "need at least one entry",
            &expression("operator: DoesNotExist"),
            &expression("operator: DoesNotExist, values: [b]"),
        ),
        dedicated(
            "need at least one entry",
            &expression("operator: NotIn, values: [b, c]"),
            &expression("operator: NotIn, values: []"),
        ),
        dedicated(
            "the name of a label",
            &with("{matchLabels: {example.com/Team_1: x}}"),
            &with("{matchLabels: {Example.com/team: x}}"),
        ),
    ]
}
