use std::collections::BTreeMap;

use confab_crds::ChatTenant;
use confab_crds::tenant::resolved::ResolvedRef;
use serde_json::Value;

use super::*;
use crate::fixture::{ALONE, CANARY, EMBEDDED, FULL, HOST, annotated, references, secret, settings, tenant, wanted};
use crate::names::{RELEASE, RESTARTED_AT};
use crate::reason::condition;
use crate::settings::Capabilities;

const SHARED: &str = "{domain: guest.example.com, placement: {hostRef: {name: cell, namespace: cells}}}";

/// Why a tenant with these Secrets in its namespace stalls.
fn stall(tenant: &ChatTenant, secrets: &[(&str, Value)]) -> Stall {
    let secrets: BTreeMap<String, Box<Value>> =
        secrets.iter().map(|(name, value)| ((*name).to_owned(), Box::new(value.clone()))).collect();
    let references = References::found(&tenant.resolved(), &secrets);
    let stall = check(tenant, &references, &HostView::default()).expect_err("it stalls");
    assert!(!stall.message.contains(CANARY), "{}", stall.message);
    stall
}

fn url(scheme: &str, rest: &str) -> String {
    format!("{scheme}://user:{CANARY}@{rest}")
}

#[test]
fn everything_that_the_spec_names_is_looked_up_and_nothing_else() {
    let secrets = |spec: &str| References::secrets(&tenant(spec).resolved()).into_iter().collect::<Vec<_>>();
    assert_eq!(secrets(EMBEDDED), Vec::<String>::new());
    assert_eq!(secrets(FULL), ["cache", "db"]);
    assert_eq!(secrets(HOST), ["demo-database-app"]);
    assert_eq!(
        secrets(&FULL.replace("{certManager: {issuerRef: {name: ca}}}", "{secretName: mine}")),
        ["cache", "db", "mine"]
    );
    assert_eq!(secrets(SHARED), Vec::<String>::new());
}

#[test]
fn a_tenant_whose_references_are_there_knows_its_servers() {
    let tenant = tenant(FULL);
    let urls = [("db", "url", url("postgres", "db.example.com:6000/chat")), ("cache", "uri", url("rediss", "cache"))];
    let secrets = urls.iter().map(|(name, key, url)| ((*name).to_owned(), Box::new(secret(&[(key, url)])))).collect();
    let Ok(Checked::Dedicated(checked)) =
        check(&tenant, &References::found(&tenant.resolved(), &secrets), &HostView::default())
    else {
        panic!("checked")
    };
    let Storage::Postgres { endpoint, .. } = &checked.storage else { panic!("{:?}", checked.storage) };
    assert_eq!((endpoint.host.as_str(), endpoint.port), ("db.example.com", 6000));
    let Some(Bus::Url { endpoint, .. }) = &checked.bus else { panic!("{:?}", checked.bus) };
    assert_eq!((endpoint.host.as_str(), endpoint.port), ("cache", 6379));
    assert!(!format!("{checked:?}").contains(CANARY));
}

#[test]
fn a_secret_that_is_missing_lacks_its_key_or_holds_something_else_is_told_with_its_cure() {
    let good = secret(&[("url", &url("postgres", "db/chat")), ("tls.crt", "x")]);
    let cases = [
        (
            vec![],
            Reason::SecretNotFound,
            "spec.database.postgres.secretRef: there is no Secret db in this namespace; create it with the key url",
        ),
        (
            vec![("db", secret(&[("uri", CANARY), ("user", CANARY)]))],
            Reason::SecretKeyMissing,
            "spec.database.postgres.secretRef: Secret db has no key url (it has uri, user); add the key, or name another",
        ),
        (
            vec![("db", Value::Null)],
            Reason::SecretKeyMissing,
            "spec.database.postgres.secretRef: Secret db has no key url (it is empty); add the key, or name another",
        ),
        (
            vec![("db", secret(&[("url", &url("mysql", "db/chat"))]))],
            Reason::SecretValueInvalid,
            "spec.database.postgres.secretRef: the value of url in Secret db must begin with postgres://; correct it there",
        ),
        (
            vec![("db", secret(&[("url", &url("postgres", "db"))]))],
            Reason::SecretValueInvalid,
            "spec.database.postgres.secretRef: the value of url in Secret db names no database; write postgres://user:password@host/database; correct it there",
        ),
        (
            vec![("db", good.clone())],
            Reason::SecretNotFound,
            "spec.redis.secretRef: there is no Secret cache in this namespace; create it with the key uri",
        ),
        (
            vec![("db", good.clone()), ("cache", secret(&[("uri", &url("http", "cache"))]))],
            Reason::SecretValueInvalid,
            "spec.redis.secretRef: the value of uri in Secret cache must begin with redis:// or rediss://; correct it there",
        ),
    ];
    for (secrets, reason, message) in cases {
        let found = stall(&tenant(FULL), &secrets);
        assert_eq!((found.condition, found.reason, found.message.as_str()), (condition::REFERENCES, reason, message));
    }
}

#[test]
fn a_value_that_is_no_text_is_told_without_repeating_it() {
    for value in ["////", "canary-password, no base64"] {
        let found = stall(&tenant(ALONE), &[("db", serde_json::json!({"data": {"uri": value}}))]);
        assert_eq!(found.reason, Reason::SecretValueInvalid);
        assert!(found.message.contains("is empty or no text"), "{}", found.message);
    }
}

#[test]
fn a_certificate_needs_both_of_its_halves() {
    let tenant = tenant(&EMBEDDED.replace("ingress: {}", "ingress: {tls: {secretName: web}}"));
    let cases = [
        (vec![], "there is no Secret web in this namespace; create it with the key tls.crt"),
        (vec![("web", secret(&[("tls.key", CANARY)]))], "Secret web has no key tls.crt (it has tls.key)"),
        (vec![("web", secret(&[("tls.crt", CANARY)]))], "Secret web has no key tls.key (it has tls.crt)"),
    ];
    for (secrets, message) in cases {
        let found = stall(&tenant, &secrets).message;
        assert!(found.starts_with("spec.gateway.ingress.tls.secretName: ") && found.contains(message), "{found}");
    }
    let both = [("web".to_owned(), Box::new(secret(&[("tls.crt", "x"), ("tls.key", "x")])))].into();
    assert!(check(&tenant, &References::found(&tenant.resolved(), &both), &HostView::default()).is_ok());
}

#[test]
fn a_wrong_address_of_cloud_native_pg_is_told_and_a_missing_one_is_waited_for() {
    let pending = References::found::<Box<Value>>(&tenant(HOST).resolved(), &BTreeMap::new());
    assert_eq!(pending.database, Entry::NoSecret);
    assert!(check(&tenant(HOST), &pending, &HostView::default()).is_ok());
    let found = stall(&tenant(HOST), &[("demo-database-app", secret(&[("uri", CANARY)]))]);
    assert_eq!(found.reason, Reason::SecretValueInvalid);
}

#[test]
fn a_spec_that_no_workload_would_take_is_told() {
    let mut tenant = tenant(EMBEDDED);
    tenant.spec.limits = Some(serde_json::from_value(serde_json::json!({"groupMembers": 0})).expect("limits"));
    let found = check(&tenant, &references(), &HostView::default()).expect_err("it stalls");
    assert_eq!((found.condition, found.reason), (condition::REFERENCES, Reason::InvalidSpec));
    assert!(found.message.contains("group_members"), "{}", found.message);
}

/// A spec, what is not installed, and what is said of it.
type Case = (&'static str, fn(&mut Capabilities), &'static str, Reason, &'static str);

#[test]
fn kinds_that_nobody_installed_are_told_with_the_other_way() {
    let without = |spec: &str, change: fn(&mut Capabilities)| {
        let mut capabilities = Capabilities::ALL;
        change(&mut capabilities);
        capable(&wanted(&tenant(spec)).objects, capabilities)
    };
    let cases: [Case; 3] = [
        (HOST, |it| it.cloud_native_pg = false, condition::DATABASE, Reason::CloudNativePGMissing, "database.postgres"),
        (HOST, |it| it.gateway_api = false, condition::GATEWAY, Reason::GatewayApiMissing, "gateway.ingress"),
        (FULL, |it| it.cert_manager = false, condition::GATEWAY, Reason::CertManagerMissing, "tls.secretName"),
    ];
    for (spec, change, condition, reason, cure) in cases {
        let found = without(spec, change).expect_err("it stalls");
        assert_eq!((found.condition, found.reason), (condition, reason));
        assert!(found.message.contains("install") && found.message.contains(cure), "{}", found.message);
    }
    assert_eq!(without(HOST, |it| it.cert_manager = false), Ok(()));
    assert_eq!(settings().capabilities, Capabilities::ALL);
}

#[test]
fn what_no_workload_of_this_version_does_is_named() {
    let more = "files: {volume: {}}\n  mail: {from: a@example.com, smtp: {host: mail.example.com}}\n  callClusterRef: {name: calls}";
    let tenant = crate::fixture::with(EMBEDDED, more);
    assert_eq!(unsupported(&tenant.resolved()), ["spec.files", "spec.mail", "spec.callClusterRef"]);
    assert_eq!(unsupported(&crate::fixture::tenant(FULL).resolved()), Vec::<&str>::new());
}

#[test]
fn wishes_are_annotations_and_an_empty_one_is_none() {
    let of = |tenant: &ChatTenant| crate::fixture::checked(tenant);
    let wished = annotated(annotated(tenant(ALONE), RELEASE, "1.2.3"), RESTARTED_AT, "now");
    assert_eq!((of(&wished).released.as_deref(), of(&wished).restarted_at.as_deref()), (Some("1.2.3"), Some("now")));
    let empty = annotated(tenant(ALONE), RELEASE, "");
    assert_eq!((of(&empty).released, of(&empty).restarted_at), (None, None));
}

/// A guest in `guests` of a host `cells/cell` with this spec, or of one that is not there.
fn guest(host: Option<&str>, namespace: &str, labels: &[(&str, &str)]) -> Result<Checked, Stall> {
    let mut guest = tenant(SHARED);
    guest.metadata.namespace = Some(namespace.to_owned());
    let resolved = host.map(|spec| {
        let mut host = tenant(spec);
        host.metadata.name = Some("cell".to_owned());
        host.metadata.namespace = Some("cells".to_owned());
        host.resolved()
    });
    let namespace_labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let host = Some(ResolvedRef { namespace: "cells".to_owned(), name: "cell".to_owned() });
    check(&guest, &References::assumed(), &HostView { host, resolved, namespace_labels })
}

fn host(allowed: &str) -> String {
    format!("{{domain: cell.example.com, placement: {{mode: Dedicated}}, allowedTenants: {allowed}}}")
}

#[test]
fn a_guest_is_admitted_by_its_hosts_rule_and_the_host_is_told_its_settings() {
    let selector = host(
        "{namespaces: {from: Selector, selector: {matchExpressions: [{key: tier, operator: In, values: [gold]}]}}}",
    );
    let admitted = [
        guest(Some(&host("{}")), "cells", &[]),
        guest(Some(&host("{namespaces: {from: All}}")), "elsewhere", &[]),
        guest(Some(&selector), "elsewhere", &[("tier", "gold")]),
    ];
    for admitted in admitted {
        let Ok(Checked::Guest(guest)) = admitted else { panic!("{admitted:?}") };
        assert_eq!((guest.host_id.to_string().as_str(), guest.database), ("cells.cell", "embedded"));
        assert_eq!(guest.record.config.domain, "guest.example.com");
        assert_eq!((guest.record.generation, guest.record.uid.as_str(), guest.record.retain), (1, "5f3c", true));
    }
}

#[test]
fn a_guest_that_is_not_admitted_is_told_what_to_ask_for_and_nothing_of_another_namespace() {
    let same = host("{}");
    let shared = "{domain: cell.example.com}";
    let closed = "{domain: cell.example.com, placement: {mode: Dedicated}}";
    let within = [
        (guest(None, "cells", &[]), Reason::HostNotFound, "create it, or name another host"),
        (guest(Some(shared), "cells", &[]), Reason::NotAHost, "a host is a Dedicated ChatTenant"),
        (guest(Some(closed), "cells", &[]), Reason::NotAHost, "give it spec.allowedTenants"),
        (
            guest(Some(&host("{namespaces: {from: Selector, selector: {matchLabels: {a: b}}}}")), "cells", &[]),
            Reason::HostNotAllowing,
            "spec.allowedTenants of cells/cell does not admit namespace cells",
        ),
    ];
    for (found, reason, cure) in within {
        let found = found.expect_err("not admitted");
        assert_eq!((found.condition, found.reason), (condition::HOST, reason), "{}", found.message);
        assert!(found.message.contains(cure), "{}", found.message);
    }
    let messages: Vec<Stall> = [None, Some(shared), Some(closed), Some(same.as_str())]
        .into_iter()
        .map(|host| guest(host, "elsewhere", &[]).expect_err("not admitted"))
        .collect();
    assert!(messages.iter().all(|found| *found == messages[0]), "they tell what is there: {messages:?}");
    assert_eq!(messages[0].reason, Reason::RefNotPermitted);
    assert!(messages[0].message.contains("ask its owner for spec.allowedTenants"));
}

#[test]
fn a_guest_without_a_host_is_told_both_ways() {
    let guest = tenant("{domain: guest.example.com}");
    let found = check(&guest, &References::assumed(), &HostView::default()).expect_err("no host");
    assert_eq!((found.condition, found.reason), (condition::HOST, Reason::NoHost));
    assert!(found.message.contains("spec.placement.hostRef") && found.message.contains("Dedicated"));
}

#[test]
fn the_policy_of_a_host_means_what_its_spec_says() {
    use confab_contract::admin::policy::GuestsFrom;
    use confab_contract::config::Checked as _;
    let policy = |allowed: &str| {
        let resolved = tenant(&host(allowed)).resolved();
        guest_policy(resolved.placement.dedicated().and_then(|pods| pods.guests.as_ref()).expect("a host"))
    };
    assert_eq!((policy("{}").from, policy("{}").max_tenants), (GuestsFrom::Same, 10_000));
    assert_eq!(policy("{maxTenants: 3, namespaces: {from: All}}").max_tenants, 3);
    let all = "{key: a, operator: In, values: [x]}, {key: b, operator: NotIn, values: [z]}, {key: c, operator: Exists}, {key: d, operator: DoesNotExist}";
    let selector = policy(&format!("{{namespaces: {{from: Selector, selector: {{matchExpressions: [{all}]}}}}}}"));
    assert_eq!((selector.from, selector.match_expressions.len()), (GuestsFrom::Selector, 4));
    assert_eq!(selector.problems(), []);
}
