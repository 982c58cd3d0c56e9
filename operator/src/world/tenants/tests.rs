use confab_crds::ChatTenantSpec;
use confab_crds::tenant::{ChatTenantStatus, ObjectRef, Placement};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use super::*;

fn key(name: &str) -> Key {
    Key { namespace: "n".to_owned(), name: name.to_owned() }
}

fn tenant(name: &str, domain: &str, host: Option<&str>) -> ChatTenant {
    let host_ref = host.map(|host| ObjectRef { name: host.to_owned(), namespace: None });
    let placement = Placement { host_ref, ..Placement::default() };
    let spec = ChatTenantSpec { domain: domain.to_owned(), placement: Some(placement), ..ChatTenantSpec::default() };
    let mut tenant = ChatTenant::new(name, spec);
    tenant.metadata.namespace = Some("n".to_owned());
    tenant.metadata.generation = Some(1);
    tenant
}

fn dedicated(name: &str) -> ChatTenant {
    let mut tenant = tenant(name, &format!("{name}.example.com"), None);
    tenant.spec.placement = Some(Placement { mode: Some(PlacementMode::Dedicated), ..Placement::default() });
    tenant
}

fn ready(mut tenant: ChatTenant, status: &str) -> ChatTenant {
    let condition = Condition {
        type_: "Ready".to_owned(),
        status: status.to_owned(),
        reason: "X".to_owned(),
        message: String::new(),
        observed_generation: None,
        last_transition_time: Time(jiff::Timestamp::UNIX_EPOCH),
    };
    tenant.status = Some(ChatTenantStatus { conditions: vec![condition], ..ChatTenantStatus::default() });
    tenant
}

fn apply(tenants: &mut Tenants, tenant: ChatTenant) -> Vec<Key> {
    let key = key_of(&tenant);
    tenants.take(0, Event::Apply((key, tenant)))
}

fn delete(tenants: &mut Tenants, tenant: ChatTenant) -> Vec<Key> {
    let key = key_of(&tenant);
    tenants.take(0, Event::Delete((key, tenant)))
}

fn all() -> Tenants {
    Tenants::new(1, Some(key("default")))
}

#[test]
fn a_guest_belongs_to_the_host_that_it_names_then_to_the_one_that_has_its_rows_then_to_the_default() {
    let default = key("default");
    let host = |tenant: &ChatTenant| host_of(tenant, Some(&default)).map(|host| host.name);
    assert_eq!(host(&tenant("a", "a.example.com", Some("cell"))).as_deref(), Some("cell"));
    let mut moved = tenant("a", "a.example.com", None);
    assert_eq!(host(&moved).as_deref(), Some("default"));
    moved.status = Some(ChatTenantStatus { host: Some("n/former".to_owned()), ..ChatTenantStatus::default() });
    assert_eq!(host(&moved).as_deref(), Some("former"), "another default moves no rows");
    assert_eq!(host(&dedicated("a")), None);
    assert_eq!(host_of(&tenant("a", "a.example.com", None), None), None);
}

#[test]
fn guests_are_woken_when_their_host_changes_and_not_by_its_every_status() {
    let mut tenants = all();
    apply(&mut tenants, tenant("guest", "guest.example.com", Some("cell")));
    assert_eq!(apply(&mut tenants, dedicated("cell")), [key("cell"), key("guest")]);
    assert_eq!(apply(&mut tenants, ready(dedicated("cell"), "True")), [key("cell"), key("guest")]);
    let mut talkative = ready(dedicated("cell"), "True");
    talkative.status.as_mut().unwrap().guests = Some(1);
    assert_eq!(apply(&mut tenants, talkative), [key("cell")]);
    let mut changed = ready(dedicated("cell"), "True");
    changed.metadata.generation = Some(2);
    assert_eq!(apply(&mut tenants, changed.clone()), [key("cell"), key("guest")]);
    assert_eq!(delete(&mut tenants, changed), [key("cell"), key("guest")]);
    assert_eq!(tenants.guests(&key("cell")), [key("guest")]);
}

#[test]
fn the_oldest_has_a_domain_and_the_next_is_woken_when_it_is_free() {
    let mut tenants = all();
    let born = |name: &str, second: i64| {
        let mut tenant = tenant(name, "same.example.com", None);
        tenant.metadata.creation_timestamp = Some(Time(jiff::Timestamp::from_second(second).unwrap()));
        tenant
    };
    apply(&mut tenants, born("young", 20));
    apply(&mut tenants, born("old", 10));
    apply(&mut tenants, born("twin", 10));
    assert_eq!(tenants.claims("same.example.com"), [key("old"), key("twin"), key("young")]);
    let woken = delete(&mut tenants, born("old", 10));
    assert!(woken.contains(&key("twin")) && woken.contains(&key("young")), "{woken:?}");
    assert_eq!(tenants.claims("same.example.com"), [key("twin"), key("young")]);
    assert!(tenants.claims("other.example.com").is_empty());
}

#[test]
fn what_only_the_api_server_notes_is_no_news() {
    let mut tenants = all();
    apply(&mut tenants, tenant("a", "a.example.com", None));
    let mut touched = tenant("a", "a.example.com", None);
    touched.metadata.resource_version = Some("7".to_owned());
    touched.metadata.labels = Some([("team".to_owned(), "x".to_owned())].into());
    assert!(apply(&mut tenants, touched).is_empty());
    let mut annotated = tenant("a", "a.example.com", None);
    annotated.metadata.annotations = Some([("confab.dev/release".to_owned(), "2".to_owned())].into());
    assert_eq!(apply(&mut tenants, annotated), [key("a")]);
}

#[test]
fn a_tenant_that_is_gone_is_remembered_once_and_forgotten_when_it_is_made_again() {
    let mut tenants = all();
    apply(&mut tenants, tenant("a", "a.example.com", None));
    delete(&mut tenants, tenant("a", "a.example.com", None));
    assert!(tenants.take_gone(&key("a")).is_some());
    assert!(tenants.take_gone(&key("a")).is_none());
    apply(&mut tenants, tenant("a", "a.example.com", None));
    delete(&mut tenants, tenant("a", "a.example.com", None));
    apply(&mut tenants, tenant("a", "a.example.com", None));
    assert!(tenants.take_gone(&key("a")).is_none());
}
