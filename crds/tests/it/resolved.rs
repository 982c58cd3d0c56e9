//! Defaults: in code, in the documentation, and never in the spec.

use confab_crds::ChatTenant;
use confab_crds::offline::load;
use confab_crds::tenant::resolved::{ResolvedPlacement, ResolvedPostgres, ResolvedRedis};
use confab_crds::tenant::{Database, Encryption, PlacementMode, Registration, ResolvedSecret, defaults};
use kube::{CustomResourceExt, Resource};
use serde_json::Value;

use crate::tenant;

fn loaded(spec: &str) -> ChatTenant {
    load("t.yaml", tenant(spec)).unwrap_or_else(|problems| panic!("{problems:#?}")).remove(0)
}

#[test]
fn a_bare_tenant_has_every_default() {
    let tenant = loaded("  domain: localhost\n").resolved();
    assert_eq!((tenant.id.as_str(), tenant.domain.as_str()), ("default.demo", "localhost"));
    assert_eq!(tenant.placement, ResolvedPlacement::Shared { host: None });
    assert_eq!(tenant.encryption, Encryption::ServerReadable);
    assert_eq!((tenant.auth.registration, tenant.auth.access_token_seconds), (Registration::Open, 3600));
    assert_eq!((tenant.auth.refresh_token_seconds, tenant.auth.allowed_origins.len()), (30 * 86_400, 0));
    assert_eq!((tenant.limits.authentication.requests, tenant.limits.authentication.per_seconds), (5, 60));
}

#[test]
fn half_a_rate_keeps_the_default_of_the_other_half() {
    let limits = loaded("  domain: localhost\n  limits: {uploads: {requests: 7}}\n").resolved().limits;
    assert_eq!((limits.uploads.requests, limits.uploads.per_seconds), (7, 3600));
    assert_eq!(limits.regular, defaults::REGULAR);
}

#[test]
fn what_is_written_wins() {
    let spec = "  domain: localhost\n  placement: {mode: Dedicated}\n  database: {postgres: {secretRef: {name: db}}}\n  \
                redis: {secretRef: {name: r, key: url}}\n  auth: {refreshTokenDays: 2}\n";
    let tenant = loaded(spec).resolved();
    let dedicated = tenant.placement.dedicated().unwrap();
    let url = ResolvedSecret { name: "db".into(), key: "uri".into() };
    assert_eq!(dedicated.database, Database::Postgres(ResolvedPostgres { url, max_connections: 16 }));
    assert_eq!(dedicated.redis, Some(ResolvedRedis::Url(ResolvedSecret { name: "r".into(), key: "url".into() })));
    assert_eq!(tenant.auth.refresh_token_seconds, 2 * 86_400);
}

#[test]
fn an_unchecked_tenant_does_not_overflow() {
    let mut tenant = loaded("  domain: localhost\n  auth: {refreshTokenDays: 1}\n");
    tenant.spec.auth.as_mut().unwrap().refresh_token_days = Some(u32::MAX);
    assert_eq!(tenant.resolved().auth.refresh_token_seconds, u32::MAX);
}

#[test]
fn no_default_is_written_into_a_spec() {
    let written = serde_json::to_value(&loaded("  domain: localhost\n").spec).unwrap();
    assert_eq!(written, serde_json::json!({"domain": "localhost"}));
    let definition = serde_json::to_string(&ChatTenant::crd()).unwrap();
    assert!(!definition.contains("\"default\":"), "a default in the schema would be written by the API server");
}

#[test]
fn the_documentation_states_the_defaults_of_the_code() {
    let definition = serde_json::to_value(ChatTenant::crd()).unwrap();
    let spec = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    let limits = |name: &str| format!("/properties/limits/properties/{name}");
    let rate = |rate: confab_crds::tenant::ResolvedRate| {
        format!("Default: {} in {} seconds.", rate.requests, rate.per_seconds)
    };
    let cases = [
        ("/properties/placement".into(), "Default: in pods shared".into()),
        ("/properties/placement/properties/mode".into(), format!("`{:?}` (default)", PlacementMode::default())),
        ("/properties/database".into(), "Default: `embedded`".into()),
        ("/properties/encryption".into(), format!("`{:?}` (default)", Encryption::default())),
        (
            "/properties/redis/properties/secretRef/properties/key".into(),
            format!("Default: `{}`", defaults::SECRET_KEY),
        ),
        ("/properties/auth/properties/registration".into(), format!("`{:?}` (default)", Registration::default())),
        (
            "/properties/auth/properties/accessTokenSeconds".into(),
            format!("Default: {}.", defaults::ACCESS_TOKEN_SECONDS),
        ),
        ("/properties/auth/properties/refreshTokenDays".into(), format!("Default: {}.", defaults::REFRESH_TOKEN_DAYS)),
        (limits("authentication"), rate(defaults::AUTHENTICATION)),
        (limits("regular"), rate(defaults::REGULAR)),
        (limits("uploads"), rate(defaults::UPLOADS)),
        (limits("websocket"), rate(defaults::WEBSOCKET)),
        (limits("groupMembers"), format!("Default: {}.", defaults::GROUP_MEMBERS)),
        (limits("messageBytes"), format!("Default: {} (", defaults::MESSAGE_BYTES)),
        (limits("metadataBytes"), format!("Default: {} (", defaults::METADATA_BYTES)),
        (limits("connectionsPerUser"), format!("Default: {}.", defaults::CONNECTIONS_PER_USER)),
    ];
    for (pointer, words) in cases {
        let text = spec.pointer(&pointer).and_then(|field| field["description"].as_str()).unwrap();
        assert!(text.contains(&words), "{pointer}: {words:?} is not in {text:?}");
    }
}

#[test]
fn every_field_is_documented() {
    fn walk(schema: &Value, path: &str) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            let text = property["description"].as_str().unwrap_or_default();
            assert!(text.ends_with('.') && !text.contains('\n'), "{path}: {text:?}");
            walk(property, &path);
        }
    }
    let definition = serde_json::to_value(ChatTenant::crd()).unwrap();
    walk(&definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"], "");
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
    assert!(version.subresources.as_ref().unwrap().status.is_some());
    let columns: Vec<_> =
        version.additional_printer_columns.iter().flatten().map(|column| column.name.as_str()).collect();
    assert_eq!(columns, ["Domain", "Placement", "Ready", "Age"]);
}
