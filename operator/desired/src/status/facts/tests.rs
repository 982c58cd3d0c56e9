use serde_json::json;

use super::*;
use crate::build::{Former, objects};
use crate::fixture::{ALONE, EMBEDDED, FULL, HOST, checked, settings, tenant, wanted, with};
use crate::status::pods_of;

/// The facts of a tenant with these pods.
fn facts(spec: &str, pods: &[(Role, Pods)]) -> ChatTenantStatus {
    let tenant = tenant(spec);
    let wanted = wanted(&tenant);
    dedicated(&tenant.resolved(), Some((&checked(&tenant), &wanted.workloads, &settings())), pods, 7)
}

fn pods(desired: i64, ready: i64) -> Pods {
    let status = json!({"observedGeneration": 1, "replicas": ready, "readyReplicas": ready, "updatedReplicas": ready});
    pods_of(Some(&json!({"metadata": {"generation": 1}, "spec": {"replicas": desired}, "status": status})))
}

#[test]
fn clients_are_shown_the_way_that_the_spec_makes() {
    let url = |spec| facts(spec, &[]).url.expect("a way");
    assert_eq!(url(FULL), "https://chat.example.com");
    assert_eq!(url(HOST), "https://chat.example.com");
    assert_eq!(url(EMBEDDED), "http://chat.example.com");
    assert_eq!(url(ALONE), "http://demo-messaging.chat.svc");
}

#[test]
fn pods_are_counted_by_program_and_together() {
    let facts = facts(HOST, &[(Role::Messaging, pods(2, 1)), (Role::Presence, pods(3, 3))]);
    assert_eq!(facts.ready.as_deref(), Some("4/5"));
    assert_eq!(facts.replicas, Some(2));
    assert_eq!(facts.messaging.and_then(|counts| counts.ready), Some(1));
    assert_eq!(facts.presence.and_then(|counts| counts.desired), Some(3));
    assert_eq!(
        facts.selector.as_deref(),
        Some("app.kubernetes.io/component=messaging,app.kubernetes.io/instance=demo,app.kubernetes.io/name=confab")
    );
    assert_eq!((facts.guests, facts.database.as_deref()), (Some(7), Some("cloudNativePG")));
    assert_eq!(super::tests::facts(ALONE, &[]).guests, None, "it is no host");
}

#[test]
fn defaults_are_shown_filled_in() {
    let facts = facts(EMBEDDED, &[(Role::Serve, pods(1, 1))]);
    assert_eq!(facts.placement, Some(PlacementMode::Dedicated));
    assert!(facts.encryption.is_some() && facts.deletion_policy.is_some());
    assert_eq!((facts.replicas, facts.presence), (Some(1), None));
}

#[test]
fn what_a_deletion_keeps_is_named_with_the_key_that_opens_it() {
    let retained = |spec| facts(spec, &[]).retained;
    assert_eq!(retained(EMBEDDED), ["PersistentVolumeClaim demo-data", "Secret demo-master-key"]);
    assert_eq!(retained(ALONE), ["tables in the database that Secret db names", "Secret demo-master-key"]);
    assert_eq!(retained(HOST), ["Cluster demo-database", "Secret demo-master-key"]);
    let tenant = with(EMBEDDED, "deletionPolicy: Delete");
    let wanted = wanted(&tenant);
    let deleted = dedicated(&tenant.resolved(), Some((&checked(&tenant), &wanted.workloads, &settings())), &[], 0);
    assert_eq!(deleted.retained, Vec::<String>::new());
}

#[test]
fn the_release_that_runs_is_shown_and_a_newer_one_while_it_waits() {
    let tenant = tenant(FULL);
    let first = wanted(&tenant);
    let former: Former =
        first.workloads.iter().map(|workload| (workload.role, workload.choice.rendered().clone())).collect();
    let newer = Settings {
        release: "10.0.0".to_owned(),
        images: crate::settings::Images { messaging: "m:10".to_owned(), ..settings().images },
        ..settings()
    };
    let second = objects(&checked(&tenant), &newer, &former);
    let version = version(&second.workloads, &newer).expect("pods run");
    let running = env!("CARGO_PKG_VERSION").to_owned();
    assert_eq!((version.running, version.available), (Some(running.clone()), Some("10.0.0".to_owned())));
    let version = super::version(&first.workloads, &settings()).expect("pods run");
    assert_eq!((version.running, version.available), (Some(running), None));
    assert_eq!(super::version(&[], &settings()), None);
}

#[test]
fn releases_are_ordered_as_versions() {
    let mut releases = ["0.10.0", "0.9.1", "1.0.0", "1.0.0-rc.1", "0.9.0", "latest"];
    releases.sort_by_key(|release| in_order(release));
    assert_eq!(releases, ["latest", "0.9.0", "0.9.1", "0.10.0", "1.0.0-rc.1", "1.0.0"]);
}

#[test]
fn a_spec_that_cannot_be_brought_about_shows_no_way_in() {
    let facts = dedicated(&tenant(FULL).resolved(), None, &[], 0);
    assert_eq!((facts.url, facts.version, facts.selector), (None, None, None));
    assert_eq!(facts.database.as_deref(), Some("postgres"));
}

#[test]
fn a_guest_is_found_at_its_own_name_as_securely_as_its_host() {
    let guest_of = |host: &str| {
        let tenant = tenant("{domain: guest.example.com, placement: {hostRef: {name: cell}}}");
        let mut host = crate::fixture::tenant(host);
        host.metadata.name = Some("cell".to_owned());
        let host = host.resolved();
        let view = crate::check::HostView {
            host: Some(confab_crds::tenant::resolved::ResolvedRef {
                namespace: "chat".to_owned(),
                name: "cell".to_owned(),
            }),
            resolved: Some(host.clone()),
            ..Default::default()
        };
        let checked = crate::check::check(&tenant, &crate::References::assumed(), &view).expect("admitted");
        let crate::Checked::Guest(checked) = checked else { panic!("a guest") };
        guest(&tenant.resolved(), Some(&checked), Some(&host))
    };
    let shown = guest_of(HOST);
    assert_eq!(shown.url.as_deref(), Some("https://guest.example.com"));
    assert_eq!((shown.host.as_deref(), shown.database.as_deref()), (Some("chat/cell"), Some("cloudNativePG")));
    assert_eq!(shown.retained, ["rows of tenant chat.demo in the database of host chat/cell"]);
    let plain = EMBEDDED.replace("gateway: {ingress: {}}", "gateway: {ingress: {}}\n  allowedTenants: {}");
    assert_eq!(guest_of(&plain).url.as_deref(), Some("http://guest.example.com"));
    let refused = guest(&tenant("{domain: guest.example.com}").resolved(), None, None);
    assert_eq!((refused.host, refused.url), (None, None));
}
