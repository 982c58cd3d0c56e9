//! A newer operator restarts nothing by itself.

use std::sync::Arc;

use confab_crds::ChatTenant;
use serde_json::Value;

use crate::build::workload::former;
use crate::build::{Former, Wanted, objects};
use crate::fixture::{
    EMBEDDED, FULL, HOST, SHAPES, annotated, checked, find, names, settings, templates, tenant, with,
};
use crate::kind::Kind;
use crate::names::{Names, RELEASE, RENDERED, RESTARTED_AT};
use crate::release::Choice;
use crate::settings::{Images, Settings};

/// A release that runs other images and says other things in its Config.
fn newer() -> Settings {
    let images = Images {
        messaging: "m:9".to_owned(),
        presence: "p:9".to_owned(),
        serve: "s:9".to_owned(),
        redis: "r:9".to_owned(),
    };
    let keys = vec!["HB0eHxobGBkWFxQVEhMQEQ4PDA0KCwgJBgcEBQIDAAE=".to_owned()];
    Settings { release: "9.0.0".to_owned(), images, operator_keys: keys, ..settings() }
}

/// What is there after the first release has applied everything.
fn live(wanted: &Wanted) -> Vec<(Kind, Arc<Value>)> {
    wanted.objects.iter().map(|object| (object.kind, Arc::new(object.value.clone()))).collect()
}

/// What the newer release wants of the tenant as it is now, after the first release brought it to `before`.
fn after(before: &ChatTenant, now: &ChatTenant) -> Wanted {
    let former = former(&Names::new("demo"), &live(&crate::fixture::wanted(before)));
    objects(&checked(now), &newer(), &former)
}

fn waits(wanted: &Wanted) -> Vec<bool> {
    let choices = wanted.workloads.iter().map(|workload| &workload.choice).chain(&wanted.redis);
    choices.map(|choice| matches!(choice, Choice::Former(_))).collect()
}

#[test]
fn the_former_rendering_is_kept_with_its_config_and_still_repaired() {
    for (shape, spec) in SHAPES {
        let tenant = tenant(spec);
        let (first, second) = (crate::fixture::wanted(&tenant), after(&tenant, &tenant));
        assert!(waits(&second).iter().all(|waits| *waits), "{shape}");
        assert_eq!(names(&second), names(&first), "{shape}: not a ConfigMap more");
        assert_eq!(templates(&second), templates(&first), "{shape}");
        for (kind, name) in names(&first).into_iter().filter(|(kind, _)| *kind == Kind::ConfigMap) {
            assert_eq!(find(&second, kind, name), find(&first, kind, name), "{shape}");
        }
        // The annotation says what really runs, so that a third release waits as well.
        for name in templates(&first).keys() {
            let annotation = |wanted: &Wanted| {
                let kind =
                    if *name == "demo-serve" || *name == "demo-redis" { Kind::StatefulSet } else { Kind::Deployment };
                find(wanted, kind, name)["metadata"]["annotations"][RENDERED].clone()
            };
            assert_eq!(annotation(&second), annotation(&first), "{shape}: {name}");
        }
    }
}

#[test]
fn it_is_let_in_by_its_annotation_by_auto_and_by_a_change_of_the_spec_that_replaces_the_pods_anyway() {
    let before = tenant(HOST);
    let let_in = [
        (annotated(tenant(HOST), RELEASE, "9.0.0"), [false, false, false]),
        (with(HOST, "updateStrategy: Auto"), [false, false, false]),
        // Redis has no part in a restart.
        (annotated(tenant(HOST), RESTARTED_AT, "now"), [false, false, true]),
        (annotated(tenant(HOST), RELEASE, "8.0.0"), [true, true, true]),
    ];
    for (tenant, expected) in let_in {
        let second = after(&before, &tenant);
        assert_eq!(waits(&second), expected, "{:?}", tenant.metadata.annotations);
        let image = &templates(&second)["demo-presence"]["spec"]["containers"][0]["image"];
        assert_eq!(image == "p:9", !expected[1]);
    }
}

#[test]
fn a_change_of_one_program_lets_the_release_in_for_that_program_alone() {
    let changed = tenant(&FULL.replace("topologySpread: None", "topologySpread: Required"));
    let second = after(&tenant(FULL), &changed);
    assert_eq!(waits(&second), [true, false]);
    assert!(
        templates(&second)["demo-messaging"]
            .to_string()
            .contains(&format!("confab-messaging:{}", env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn a_change_that_replaces_no_pod_lets_nothing_in() {
    let unchanged = vec![
        with(FULL, "limits: {groupMembers: 12}"),
        with(FULL, "hibernated: true"),
        with(FULL, "deletionPolicy: Delete"),
        tenant(&FULL.replace("replicas: 3", "replicas: 4")),
        tenant(&FULL.replace("max: 10", "max: 5")),
        tenant(&FULL.replace("className: traefik", "className: nginx")),
    ];
    for now in unchanged {
        assert_eq!(waits(&after(&tenant(FULL), &now)), [true, true], "{:?}", now.spec);
    }
    let alone = tenant(&FULL.replace("  presence:\n    scheduling: {topologySpread: None}\n", ""));
    let with_replicas = tenant(&FULL.replace("    scheduling: {topologySpread: None}\n", "    replicas: {min: 4}\n"));
    assert_eq!(waits(&after(&alone, &with_replicas)), [true, true]);
    let grown = tenant(&EMBEDDED.replace("1024Mi", "2Gi"));
    assert_eq!(waits(&after(&tenant(EMBEDDED), &grown)), [true], "a volume grows under a running pod");
    let redis = tenant(&HOST.replace("memory: 0.25Gi", "memory: 1Gi"));
    assert_eq!(waits(&after(&tenant(HOST), &redis)), [true, true, false]);
}

#[test]
fn an_annotation_that_somebody_broke_holds_nothing_back() {
    let first = crate::fixture::wanted(&tenant(FULL));
    let broken = ["", "{", "{}", r#"{"release": "1", "inputs": "x", "config": "", "template": {}}"#];
    for text in broken {
        let mut live: Vec<(Kind, Value)> =
            first.objects.iter().map(|object| (object.kind, object.value.clone())).collect();
        for (_, object) in live.iter_mut().filter(|(kind, _)| *kind == Kind::Deployment) {
            object["metadata"]["annotations"][RENDERED] = text.into();
        }
        let live: Vec<(Kind, Box<Value>)> = live.into_iter().map(|(kind, object)| (kind, Box::new(object))).collect();
        let second = objects(&checked(&tenant(FULL)), &newer(), &former(&Names::new("demo"), &live));
        assert_eq!(waits(&second), [false, false], "{text}");
    }
    assert_eq!(
        waits(&objects(&checked(&tenant(FULL)), &newer(), &Former::new())),
        [false, false],
        "nothing ran before"
    );
}

#[test]
fn the_same_release_applies_its_own_changes_at_once() {
    let former = former(&Names::new("demo"), &live(&crate::fixture::wanted(&tenant(FULL))));
    let settings = Settings { release: settings().release, ..newer() };
    assert_eq!(waits(&objects(&checked(&tenant(FULL)), &settings, &former)), [false, false]);
}
