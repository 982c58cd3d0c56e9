//! Tenants that have every field between them: each variant excludes others, so that one tenant cannot.

use serde_json::{Value, json};

/// The tenants, the one with most first.
pub fn tenants() -> Vec<Value> {
    vec![highly_available(), by_reference(), embedded(), shared()]
}

/// The first of them that has the part of the object that `pointer` names, or else the part around it.
pub fn with(pointer: &str) -> Value {
    let around = pointer.rsplit_once('/').unwrap().0;
    let having = |part: &str| tenants().into_iter().find(|tenant| tenant.pointer(part).is_some());
    having(pointer).or_else(|| having(around)).unwrap_or_else(|| panic!("no full tenant has {pointer}"))
}

fn tenant(spec: &Value) -> Value {
    json!({
        "apiVersion": "confab.dev/v1alpha1",
        "kind": "ChatTenant",
        "metadata": {"name": "full", "namespace": "team-a", "labels": {"app.kubernetes.io/part-of": "chat"}},
        "spec": spec,
        "status": status(),
    })
}

fn highly_available() -> Value {
    let rate = json!({"requests": 10, "perSeconds": 10});
    let mut spec = json!({
        "domain": "full.example.com",
        "placement": {"mode": "Dedicated"},
        "allowedTenants": {"namespaces": {"from": "Selector", "selector": selector()}, "maxTenants": 500},
        "database": {
            "cloudNativePG": {"instances": 3, "storage": storage(), "postgresVersion": 17},
        },
        "redis": {"managed": {"resources": resources()}},
        "files": {"s3": {
            "endpoint": "https://s3.example.com:9000/api", "region": "eu-central-1", "bucket": "chat-files", "prefix": "acme/",
            "credentialsSecretRef": {"name": "s3", "accessKeyIdKey": "id", "secretAccessKeyKey": "secret"},
        }},
        "auth": {
            "registration": "Closed", "accessTokenSeconds": 600, "refreshTokenDays": 7,
            "allowedOrigins": ["https://app.example.com"],
        },
        "encryption": "EndToEnd",
        "limits": {
            "authentication": rate, "regular": rate, "uploads": rate, "websocket": rate,
            "groupMembers": 50, "messageBytes": 1000, "metadataBytes": 1000, "connectionsPerUser": 3,
        },
        "mail": {"from": "Acme chat <chat@example.com>", "smtp": {
            "host": "smtp.example.com", "port": 465, "tls": "Implicit",
            "credentialsSecretRef": {"name": "smtp", "usernameKey": "user", "passwordKey": "pass"},
        }},
        "push": {
            "webPush": {"subject": "mailto:ops@example.com", "vapidSecretRef": {"name": "vapid", "key": "key"}},
            "fcm": {"serviceAccountSecretRef": {"name": "fcm", "key": "account.json"}},
            "apns": {
                "keySecretRef": {"name": "apns", "key": "key.p8"}, "keyId": "ABCDE12345", "teamId": "ABCDE12345",
                "topic": "com.example.chat", "environment": "Sandbox",
            },
        },
        "callClusterRef": {"name": "calls", "namespace": "media"},
        "aiModelPoolRef": {"name": "models", "namespace": "ai"},
        "replicas": 3,
        "messaging": workload(),
        "presence": workload(),
        "updateStrategy": "Auto",
        "hibernated": true,
        "paused": true,
        "deletionPolicy": "Delete",
    });
    spec["gateway"] = json!({
        "httpRoute": {"parentRefs": [{"name": "web", "namespace": "gateways", "sectionName": "https"}]},
        "trustedProxies": ["10.0.0.0/8"], "guestDomains": ["*.chat.example.com"],
        "from": {"namespaceSelector": selector()},
    });
    tenant(&spec)
}

fn by_reference() -> Value {
    tenant(&json!({
        "domain": "full.example.com",
        "placement": {"mode": "Dedicated"},
        "database": {"postgres": {"secretRef": {"name": "db", "key": "uri"}, "maxConnections": 20}},
        "redis": {"secretRef": {"name": "redis", "key": "uri"}},
        "files": {"volume": storage()},
        "gateway": {"ingress": {
            "className": "nginx", "annotations": {"example.com/timeout": "3600"},
            "tls": {"certManager": {"issuerRef": {"name": "letters", "kind": "ClusterIssuer", "group": "cert-manager.io"}}},
        }},
    }))
}

fn embedded() -> Value {
    tenant(&json!({
        "domain": "full.example.com",
        "placement": {"mode": "Dedicated"},
        "database": {"embedded": {"storage": storage()}},
        "messaging": {"resources": resources()},
        "gateway": {"ingress": {"tls": {"secretName": "certificate"}}},
    }))
}

fn shared() -> Value {
    tenant(&json!({
        "domain": "full.example.com",
        "placement": {"mode": "Shared", "hostRef": {"name": "host", "namespace": "hosts"}},
    }))
}

fn storage() -> Value {
    json!({"size": "20Gi", "storageClassName": "fast"})
}

fn resources() -> Value {
    json!({"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": 2, "memory": "1Gi"}})
}

fn selector() -> Value {
    let requirement = json!({"key": "example.com/tier", "operator": "In", "values": ["gold"]});
    json!({"matchLabels": {"team": "chat"}, "matchExpressions": [requirement]})
}

fn workload() -> Value {
    let taint = json!({
        "key": "example.com/dedicated", "operator": "Equal", "value": "chat", "effect": "NoExecute", "tolerationSeconds": 60,
    });
    let term = json!({"labelSelector": {"matchLabels": {"app": "chat"}}, "topologyKey": "kubernetes.io/hostname"});
    json!({
        "replicas": {"min": 1, "max": 100, "targetCpuPercent": 60},
        "resources": resources(),
        "scheduling": {
            "nodeSelector": {"kubernetes.io/arch": "amd64"},
            "tolerations": [taint],
            "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}},
            "priorityClassName": "high",
            "topologySpread": "Required",
        },
    })
}

fn status() -> Value {
    let counts = json!({"desired": 2, "ready": 2, "updated": 1});
    json!({
        "observedGeneration": 3,
        "conditions": [{
            "type": "Ready", "status": "True", "reason": "Serving", "message": "", "observedGeneration": 3,
            "lastTransitionTime": "2026-11-22T10:00:00Z",
        }],
        "placement": "Dedicated", "host": "hosts/host", "url": "https://full.example.com", "database": "postgres",
        "encryption": "EndToEnd", "deletionPolicy": "Delete", "replicas": 2, "selector": "a=b", "ready": "4/4",
        "messaging": counts, "presence": counts, "version": {"running": "0.1.0", "available": "0.2.0"},
        "guests": 7, "retained": ["the volume team-a/full-data"],
    })
}
