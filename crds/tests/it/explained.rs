//! What `kubectl explain` shows: every field, every default, and the names people type.

use confab_crds::ChatTenant;
use confab_crds::tenant::defaults::{self, DefaultResources};
use confab_crds::tenant::{
    ApnsEnvironment, DeletionPolicy, Encryption, IssuerKind, NamespacesFrom, PlacementMode, Registration, ResolvedRate,
    SmtpTls, TolerationOperator, TopologySpread, UpdateStrategy,
};
use kube::{CustomResourceExt, Resource};
use serde_json::Value;

fn spec() -> Value {
    let definition = serde_json::to_value(ChatTenant::crd()).unwrap();
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].clone()
}

/// The description of `a.b.c`, through lists as well.
fn description(path: &str) -> String {
    let mut schema = spec();
    for step in path.split('.') {
        let around = if schema["items"].is_object() { &schema["items"] } else { &schema };
        schema = around["properties"][step].clone();
    }
    schema["description"].as_str().unwrap_or_else(|| panic!("{path} is no field, or has no words")).to_owned()
}

fn is_default(value: impl std::fmt::Debug) -> String {
    format!("`{value:?}` (default)")
}

fn says(default: impl std::fmt::Display) -> String {
    format!("Default: {default}.")
}

#[test]
fn the_documentation_states_the_choices_that_are_defaults() {
    for (path, words) in [
        ("placement.mode", is_default(PlacementMode::default())),
        ("allowedTenants.namespaces.from", is_default(NamespacesFrom::default())),
        ("encryption", is_default(Encryption::default())),
        ("auth.registration", is_default(Registration::default())),
        ("mail.smtp.tls", is_default(SmtpTls::default())),
        ("push.apns.environment", is_default(ApnsEnvironment::default())),
        ("messaging.scheduling.topologySpread", is_default(TopologySpread::default())),
        ("messaging.scheduling.tolerations.operator", is_default(TolerationOperator::default())),
        ("gateway.ingress.tls.certManager.issuerRef.kind", is_default(IssuerKind::default())),
        ("updateStrategy", is_default(UpdateStrategy::default())),
        ("deletionPolicy", is_default(DeletionPolicy::default())),
    ] {
        assert!(description(path).contains(&words), "{path}: {words:?} is not in {:?}", description(path));
    }
}

#[test]
fn the_documentation_states_the_values_that_are_defaults() {
    let rate = |rate: ResolvedRate| says(format!("{} in {} seconds", rate.requests, rate.per_seconds));
    let code = |text: &str| says(format!("`{text}`"));
    let resources = |of: DefaultResources| {
        let DefaultResources { cpu, memory, memory_limit } = of;
        says(format!("requests of cpu {cpu} and memory {memory} with a limit of memory {memory_limit}"))
    };
    for (path, words) in [
        ("placement", "Default: in pods shared".into()),
        ("placement.hostRef", "Default: the host that the operator was installed with".into()),
        ("allowedTenants.namespaces", "Default: this tenant's own".into()),
        ("allowedTenants.maxTenants", says(defaults::MAX_TENANTS)),
        ("database", code("embedded")),
        ("database.embedded.storage.size", says(defaults::STORAGE_SIZE)),
        ("database.cloudNativePG.storage.size", says(defaults::STORAGE_SIZE)),
        ("database.cloudNativePG.instances", says(defaults::CLOUD_NATIVE_PG_INSTANCES)),
        ("database.postgres.secretRef.key", format!("Default: `{}`", defaults::SECRET_KEY)),
        ("database.postgres.maxConnections", says(defaults::MAX_CONNECTIONS)),
        ("redis.managed.resources", resources(defaults::REDIS_RESOURCES)),
        ("files.volume.size", says(defaults::STORAGE_SIZE)),
        ("files.s3.region", format!("Default: {},", defaults::S3_REGION)),
        ("files.s3.credentialsSecretRef.accessKeyIdKey", code(defaults::S3_ACCESS_KEY_ID_KEY)),
        ("files.s3.credentialsSecretRef.secretAccessKeyKey", code(defaults::S3_SECRET_ACCESS_KEY_KEY)),
        ("auth.accessTokenSeconds", says(defaults::ACCESS_TOKEN_SECONDS)),
        ("auth.refreshTokenDays", says(defaults::REFRESH_TOKEN_DAYS)),
        ("limits.authentication", rate(defaults::AUTHENTICATION)),
        ("limits.regular", rate(defaults::REGULAR)),
        ("limits.uploads", rate(defaults::UPLOADS)),
        ("limits.websocket", rate(defaults::WEBSOCKET)),
        ("limits.groupMembers", says(defaults::GROUP_MEMBERS)),
        ("limits.messageBytes", format!("Default: {} (", defaults::MESSAGE_BYTES)),
        ("limits.metadataBytes", format!("Default: {} (", defaults::METADATA_BYTES)),
        ("limits.connectionsPerUser", says(defaults::CONNECTIONS_PER_USER)),
        ("mail.smtp.port", says(defaults::SMTP_PORT)),
        ("mail.smtp.credentialsSecretRef.usernameKey", code(defaults::SMTP_USERNAME_KEY)),
        ("mail.smtp.credentialsSecretRef.passwordKey", code(defaults::SMTP_PASSWORD_KEY)),
        ("push.webPush.vapidSecretRef.key", code(defaults::VAPID_KEY)),
        ("push.fcm.serviceAccountSecretRef.key", code(defaults::SERVICE_ACCOUNT_KEY)),
        ("push.apns.keySecretRef.key", code(defaults::APNS_KEY)),
        (
            "replicas",
            says(format!("{} with redis and {} without", defaults::REPLICAS_WITH_REDIS, defaults::REPLICAS_ALONE)),
        ),
        ("messaging.replicas.targetCpuPercent", says(defaults::TARGET_CPU_PERCENT)),
        ("messaging.resources", resources(defaults::WORKLOAD_RESOURCES)),
        ("presence.resources", resources(defaults::WORKLOAD_RESOURCES)),
        ("gateway.ingress.tls.certManager.issuerRef.group", says(defaults::ISSUER_GROUP)),
        ("hibernated", says(false)),
        ("paused", says(false)),
    ] {
        assert!(description(path).contains(&words), "{path}: {words:?} is not in {:?}", description(path));
    }
}

#[test]
fn every_field_is_documented() {
    fn walk(schema: &Value, path: &str) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            let text = property["description"].as_str().unwrap_or_default();
            assert!(text.ends_with('.') && !text.contains('\n'), "{path}: {text:?}");
            // What is below is Kubernetes' own, and explained there.
            if name != "affinity" {
                walk(property, &path);
            }
        }
        if schema["items"].is_object() {
            walk(&schema["items"], path);
        }
    }
    let definition = serde_json::to_value(ChatTenant::crd()).unwrap();
    walk(&definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"], "");
}

/// Variants of a choice, structs whose members say it, and lists whose absence is plain.
const SILENT: [&str; 28] = [
    "embedded",
    "postgres",
    "cloudNativePG",
    "secretRef",
    "managed",
    "volume",
    "s3",
    "webPush",
    "fcm",
    "apns",
    "ingress",
    "httpRoute",
    "secretName",
    "certManager",
    "auth",
    "limits",
    "messaging",
    "presence",
    "storage",
    "scheduling",
    "requests",
    "replicas",
    "matchLabels",
    "matchExpressions",
    "values",
    "selector",
    "perSeconds",
    "affinity",
];

#[test]
fn every_optional_field_says_what_its_absence_means() {
    fn walk(schema: &Value, path: &str, found: &mut Vec<String>) {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            let text = property["description"].as_str().unwrap_or_default();
            let said = text.contains("Default:") || text.contains("(default)");
            if !said && !required.contains(&name.as_str().into()) && !SILENT.contains(&name.as_str()) {
                found.push(path.clone());
            }
            if name != "affinity" {
                walk(property, &path, found);
            }
        }
        if schema["items"].is_object() {
            walk(&schema["items"], path, found);
        }
    }
    let mut found = Vec::new();
    walk(&spec(), "", &mut found);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_definition_has_the_names_people_type() {
    let definition = ChatTenant::crd();
    assert_eq!(definition.metadata.name.as_deref(), Some("chattenants.confab.dev"));
    assert_eq!(ChatTenant::api_version(&()), "confab.dev/v1alpha1");
    assert_eq!(definition.spec.scope, "Namespaced");
    assert_eq!(definition.spec.names.short_names, Some(vec!["ct".into()]));
    assert_eq!(definition.spec.names.categories, Some(vec!["confab".into()]));
    let version = &definition.spec.versions[0];
    let scale = version.subresources.as_ref().unwrap().scale.as_ref().unwrap();
    assert_eq!(scale.spec_replicas_path, ".spec.replicas");
    assert!(version.subresources.as_ref().unwrap().status.is_some());
    let columns = |wide: bool| -> Vec<&str> {
        let all = version.additional_printer_columns.iter().flatten();
        all.filter(|column| (column.priority == Some(1)) == wide).map(|column| column.name.as_str()).collect()
    };
    assert_eq!(columns(false), ["Placement", "Ready", "Domain", "Status", "Age"]);
    assert_eq!(columns(true), ["Database", "Host", "Version", "Message"]);
    let selectable: Vec<&str> =
        version.selectable_fields.iter().flatten().map(|field| field.json_path.as_str()).collect();
    assert_eq!(selectable, [".spec.domain", ".spec.placement.mode"]);
}

#[test]
fn the_definition_leaves_room_below_what_kubectl_apply_can_carry() {
    // kubectl keeps the whole object in an annotation, and an annotation holds 256 KiB.
    let text = serde_json::to_string(&ChatTenant::crd()).unwrap();
    assert!(text.len() < 200 * 1024, "{} bytes", text.len());
}
