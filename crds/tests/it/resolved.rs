//! Defaults: in code, in the documentation, and never in the spec.

use confab_crds::ChatTenant;
use confab_crds::offline::load;
use confab_crds::tenant::resolved::{
    GuestNamespaces, ResolvedDedicated, ResolvedFiles, ResolvedGuests, ResolvedIssuer, ResolvedParent,
    ResolvedPlacement, ResolvedPostgres, ResolvedRedis, ResolvedRef, ResolvedReplicas, ResolvedResources,
    ResolvedRoute, ResolvedStorage, ResolvedTls,
};
use confab_crds::tenant::{
    ApnsEnvironment, Database, DeletionPolicy, Encryption, IssuerKind, NamespacesFrom, Registration, ResolvedSecret,
    SmtpTls, TopologySpread, UpdateStrategy, defaults,
};
use kube::CustomResourceExt;

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

fn dedicated(more: &str) -> ResolvedDedicated {
    let tenant = loaded(&format!("  domain: localhost\n  placement: {{mode: Dedicated}}\n{more}")).resolved();
    tenant.placement.dedicated().unwrap().clone()
}

#[test]
fn a_bare_dedicated_tenant_is_one_process_on_a_volume() {
    let tenant = dedicated("");
    let storage = ResolvedStorage { size: "10Gi".into(), storage_class_name: None };
    assert_eq!(tenant.database, Database::Embedded(storage));
    assert_eq!((tenant.presence, tenant.redis, tenant.gateway, tenant.guests), (None, None, None, None));
    assert_eq!(tenant.messaging.replicas, ResolvedReplicas::Fixed(1));
    assert_eq!(tenant.messaging.scheduling.topology_spread, TopologySpread::Preferred);
    assert_eq!(tenant.update_strategy, UpdateStrategy::Manual);
    let tenant = loaded("  domain: localhost\n").resolved();
    assert_eq!((tenant.hibernated, tenant.paused, tenant.deletion_policy), (false, false, DeletionPolicy::Retain));
}

#[test]
fn redis_makes_two_replicas_the_default_and_own_numbers_win() {
    let postgres = "  database: {postgres: {secretRef: {name: db}}}\n";
    let fixed = |tenant: &ResolvedDedicated| (tenant.messaging.replicas, tenant.presence.as_ref().unwrap().replicas);
    let (one, two) = (ResolvedReplicas::Fixed(1), ResolvedReplicas::Fixed(2));
    assert_eq!(fixed(&dedicated(postgres)), (one, one));
    let redis = format!("{postgres}  redis: {{managed: {{}}}}\n");
    assert_eq!(fixed(&dedicated(&redis)), (two, two));
    assert_eq!(fixed(&dedicated(&format!("{redis}  replicas: 1\n"))), (one, one));
    let own = format!(
        "{redis}  replicas: 4\n  messaging: {{replicas: {{max: 3}}}}\n  presence: {{replicas: {{min: 1, max: 9}}}}\n"
    );
    let scaled = ResolvedReplicas::Scaled { min: 1, max: 9, target_cpu_percent: 70 };
    assert_eq!(
        fixed(&dedicated(&own)),
        (ResolvedReplicas::Fixed(3), scaled),
        "no more than max, though replicas says 4"
    );
    let own = format!("{redis}  replicas: 2\n  messaging: {{replicas: {{max: 3}}}}\n");
    let scaled = ResolvedReplicas::Scaled { min: 2, max: 3, target_cpu_percent: 70 };
    assert_eq!(fixed(&dedicated(&own)), (scaled, two));
}

#[test]
fn a_limit_alone_is_a_request_and_a_request_of_memory_alone_is_a_limit() {
    let resources = |text: &str| dedicated(&format!("  messaging: {{resources: {text}}}\n")).messaging.resources;
    let amounts = |resources: &ResolvedResources| {
        let ResolvedResources { cpu_request, memory_request, cpu_limit, memory_limit } = resources.clone();
        [cpu_request, memory_request, cpu_limit.unwrap_or_default(), memory_limit]
    };
    assert_eq!(amounts(&resources("{}")), ["100m", "128Mi", "", "512Mi"]);
    assert_eq!(amounts(&resources("{limits: {cpu: 2, memory: 1Gi}}")), ["2", "1Gi", "2", "1Gi"]);
    assert_eq!(amounts(&resources("{requests: {cpu: '0.5', memory: 1Gi}}")), ["0.5", "1Gi", "", "1Gi"]);
    assert_eq!(amounts(&resources("{requests: {memory: 1Gi}, limits: {memory: 2Gi}}")), ["100m", "1Gi", "", "2Gi"]);
}

#[test]
fn references_without_a_namespace_stay_in_the_tenants_own() {
    let text = "apiVersion: confab.dev/v1alpha1\nkind: ChatTenant\nmetadata: {name: a, namespace: team}\n\
                spec: {domain: localhost, placement: {hostRef: {name: host}}, callClusterRef: {name: calls, namespace: media}}\n";
    let tenant = load("t.yaml", text).unwrap()[0].resolved();
    let host = ResolvedRef { namespace: "team".into(), name: "host".into() };
    assert_eq!(tenant.placement, ResolvedPlacement::Shared { host: Some(host) });
    assert_eq!(tenant.call_cluster, Some(ResolvedRef { namespace: "media".into(), name: "calls".into() }));
    assert_eq!((tenant.namespace.as_str(), tenant.name.as_str()), ("team", "a"));
}

#[test]
fn guests_are_those_of_the_same_namespace_unless_more_is_said() {
    let guests = |text: &str| dedicated(&format!("  allowedTenants: {text}\n")).guests.unwrap();
    assert_eq!(guests("{}"), ResolvedGuests { namespaces: GuestNamespaces::Same, max_tenants: 10_000 });
    assert_eq!(guests("{namespaces: {from: All}}").namespaces, GuestNamespaces::All);
    let selected = guests("{namespaces: {from: Selector, selector: {matchExpressions: [{key: a, operator: Exists}]}}}");
    let GuestNamespaces::Selector(selector) = selected.namespaces else { panic!("{selected:?}") };
    let expressions = selector.match_expressions.unwrap();
    assert_eq!((expressions[0].key.as_str(), expressions[0].operator.as_str()), ("a", "Exists"));
}

#[test]
fn an_unchecked_selector_without_its_labels_admits_no_stranger() {
    let mut tenant =
        loaded("  domain: localhost\n  placement: {mode: Dedicated}\n  allowedTenants: {namespaces: {from: All}}\n");
    let namespaces = tenant.spec.allowed_tenants.as_mut().unwrap().namespaces.as_mut().unwrap();
    namespaces.from = Some(NamespacesFrom::Selector);
    let resolved = tenant.resolved();
    let guests = resolved.placement.dedicated().unwrap().guests.as_ref().unwrap();
    assert_eq!(guests.namespaces, GuestNamespaces::Same);
}

#[test]
fn every_reference_to_a_secret_has_its_default_key() {
    let tenant = loaded(
        "  domain: localhost\n  files: {s3: {bucket: chat, credentialsSecretRef: {name: s3}}}\n  \
         mail: {from: a@b.c, smtp: {host: relay, credentialsSecretRef: {name: smtp}}}\n  \
         push:\n    webPush: {subject: 'mailto:a@b.c', vapidSecretRef: {name: vapid}}\n    \
         fcm: {serviceAccountSecretRef: {name: fcm}}\n    \
         apns: {keySecretRef: {name: apns}, keyId: ABCDE12345, teamId: ABCDE12345, topic: com.example.chat}\n",
    )
    .resolved();
    let secret = |name: &str, key: &str| ResolvedSecret { name: name.into(), key: key.into() };
    let Some(ResolvedFiles::S3(s3)) = tenant.files else { panic!("no bucket") };
    assert_eq!(
        (s3.access_key_id, s3.secret_access_key),
        (secret("s3", "accessKeyId"), secret("s3", "secretAccessKey"))
    );
    assert_eq!((s3.endpoint, s3.region.as_str(), s3.prefix.as_str()), (None, "us-east-1", ""));
    let mail = tenant.mail.unwrap();
    assert_eq!((mail.host.as_str(), mail.port, mail.tls), ("relay", 587, SmtpTls::StartTls));
    let sign_in = mail.sign_in.unwrap();
    assert_eq!((sign_in.username, sign_in.password), (secret("smtp", "username"), secret("smtp", "password")));
    assert_eq!(tenant.push.web_push.unwrap().private_key, secret("vapid", "privateKey"));
    assert_eq!(tenant.push.fcm, Some(secret("fcm", "serviceAccount.json")));
    let apns = tenant.push.apns.unwrap();
    assert_eq!((apns.signing_key, apns.environment), (secret("apns", "key.p8"), ApnsEnvironment::Production));
}

#[test]
fn a_gateway_keeps_what_is_written_and_fills_in_the_rest() {
    let tls = "{certManager: {issuerRef: {name: letters}}}";
    let gateway = dedicated(&format!("  gateway: {{ingress: {{tls: {tls}}}}}\n")).gateway.unwrap();
    let ResolvedRoute::Ingress(ingress) = gateway.route else { panic!("no Ingress") };
    let issuer = ResolvedIssuer { name: "letters".into(), kind: IssuerKind::Issuer, group: "cert-manager.io".into() };
    assert_eq!(ingress.tls, Some(ResolvedTls::CertManager(issuer)));
    assert_eq!((gateway.trusted_proxies.len(), gateway.guest_domains.len(), gateway.namespaces), (0, 0, None));
    let gateway = dedicated("  gateway: {httpRoute: {parentRefs: [{name: web}]}}\n").gateway.unwrap();
    let parent = ResolvedParent { namespace: "default".into(), name: "web".into(), section_name: None };
    assert_eq!(gateway.route, ResolvedRoute::HttpRoute(vec![parent]));
}

#[test]
fn an_unchecked_tenant_with_an_embedded_database_has_one_process_all_the_same() {
    let mut tenant = loaded("  domain: localhost\n  placement: {mode: Dedicated}\n  messaging: {replicas: {min: 1}}\n");
    tenant.spec.replicas = Some(5);
    tenant.spec.messaging.as_mut().unwrap().replicas.as_mut().unwrap().min = Some(3);
    let resolved = tenant.resolved();
    let dedicated = resolved.placement.dedicated().unwrap();
    assert_eq!((dedicated.messaging.replicas, &dedicated.presence), (ResolvedReplicas::Fixed(1), &None));
}
