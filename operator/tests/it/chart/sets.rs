//! Values that people may choose.

use serde_json::{Value, json};

/// Each with its name.
pub fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("default", json!({})),
        ("namespaced", json!({"watchNamespaces": ["tenants", "more"], "replicas": 1})),
        ("host", host()),
        ("monitored", monitored()),
        ("surroundings", surroundings()),
        ("bare", bare()),
    ]
}

pub fn host() -> Value {
    json!({"defaultHost": {"name": "cell", "namespace": "cells", "create": true, "spec": {
        "domain": "chat.example.com", "database": {"embedded": {"storage": {"size": "5Gi"}}},
    }}})
}

fn monitored() -> Value {
    json!({"monitoring": {
        "namespace": "monitoring",
        "podLabels": {"app.kubernetes.io/name": "prometheus"},
        "serviceMonitor": {"enabled": true, "labels": {"release": "prometheus"}, "interval": "1m30s"},
    }})
}

/// Everything about images, nodes and networks.
fn surroundings() -> Value {
    json!({
        "registry": "registry.example.com:5000/chat/",
        "image": {"tag": "1.2.3@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "pullPolicy": "Always"},
        "imagePullSecrets": ["pull"],
        "tenants": {
            "release": "1.2.3",
            "images": {
                "presence": {"repository": "gateway", "tag": "1.2.4"},
                "redis": {"repository": "mirror.example.com:5000/valkey", "tag": "8"},
            },
            "imagePullPolicy": "Never",
            "imagePullSecrets": ["pull-tenants"],
            "clusterDomain": "example.internal",
            "operatorKeys": ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="],
        },
        "workers": 8,
        "resyncSeconds": 86_400,
        "election": {"lease": "another", "durationSeconds": 30},
        "log": {"filter": "info,confab_operator=debug", "format": "text"},
        "fullnameOverride": "chat",
        "serviceAccount": {"name": "account", "annotations": {"a.example/b": "c"}},
        "networkPolicy": {"apiServer": {"cidrs": ["10.0.0.1/32", "fd00::1/128"], "ports": [8443]}},
        "resources": {"limits": {"cpu": 1, "memory": "1Gi"}},
        "podAnnotations": {"a.example/b": "true"},
        "podLabels": {"team": "chat", "app.kubernetes.io/name": "nobody may change this"},
        "priorityClassName": "high",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "dedicated", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]}]},
        ]}}},
        "topologySpread": {"whenUnsatisfiable": "DoNotSchedule", "topologyKey": "topology.kubernetes.io/zone"},
    })
}

/// What somebody else brings.
fn bare() -> Value {
    json!({
        "replicas": 3,
        "serviceAccount": {"create": false, "name": "given"},
        "rbac": {"create": false},
        "networkPolicy": {"enabled": false},
        "podDisruptionBudget": {"enabled": false},
    })
}

/// Values that cannot work, with the field that the refusal names.
pub fn broken() -> Vec<(&'static str, Value)> {
    vec![
        ("watchNamespace", json!({"watchNamespace": ["a"]})),
        ("watchNamespaces", json!({"watchNamespaces": ["a", "a"]})),
        ("watchNamespaces", json!({"watchNamespaces": ["UPPER"]})),
        ("replicas", json!({"replicas": 0})),
        ("replicas", json!({"replicas": "2"})),
        ("durationSeconds", json!({"election": {"durationSeconds": 5}})),
        ("resyncSeconds", json!({"resyncSeconds": 1})),
        ("workers", json!({"workers": 0})),
        ("format", json!({"log": {"format": "xml"}})),
        ("levl", json!({"log": {"levl": "debug"}})),
        ("name", json!({"defaultHost": {"create": true, "spec": {"domain": "a.example"}}})),
        ("domain", json!({"defaultHost": {"create": true, "name": "cell"}})),
        ("name", json!({"defaultHost": {"name": "a".repeat(41)}})),
        ("repository", json!({"image": {"repository": "with:tag"}})),
        ("operatorKeys", json!({"tenants": {"operatorKeys": ["no key"]}})),
        ("pullPolicy", json!({"image": {"pullPolicy": "Sometimes"}})),
        ("cidrs", json!({"networkPolicy": {"apiServer": {"cidrs": ["10.0.0.1"]}}})),
        ("podLabels", json!({"podLabels": {"a": 1}})),
    ]
}
