//! How many pods there are.

use serde_json::{Value, json};

use super::wanted;
use crate::fixture::{ALONE, EMBEDDED, FULL, HOST, SHAPES, find, names, tenant, with};
use crate::kind::Kind;

fn replicas(wanted: &crate::build::Wanted, kind: Kind, name: &str) -> Value {
    find(wanted, kind, name)["spec"]["replicas"].clone()
}

fn count(wanted: &crate::build::Wanted, kind: Kind) -> usize {
    names(wanted).iter().filter(|(found, _)| *found == kind).count()
}

#[test]
fn an_autoscaler_owns_the_number_where_the_spec_gives_a_range() {
    let wanted = wanted(FULL);
    assert_eq!(replicas(&wanted, Kind::Deployment, "demo-messaging"), Value::Null);
    let spec = &find(&wanted, Kind::HorizontalPodAutoscaler, "demo-messaging")["spec"];
    assert_eq!((&spec["minReplicas"], &spec["maxReplicas"]), (&json!(2), &json!(10)));
    assert_eq!(
        spec["scaleTargetRef"],
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "demo-messaging"})
    );
    let target = json!({"type": "Utilization", "averageUtilization": 60});
    assert_eq!(spec["metrics"], json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]));
    assert_eq!(replicas(&wanted, Kind::Deployment, "demo-presence"), 3);
    assert_eq!(count(&wanted, Kind::HorizontalPodAutoscaler), 1);
}

#[test]
fn a_tenant_has_one_pod_of_each_program_without_redis_and_two_with() {
    assert_eq!(replicas(&wanted(ALONE), Kind::Deployment, "demo-presence"), 1);
    assert_eq!(replicas(&wanted(HOST), Kind::Deployment, "demo-presence"), 2);
    assert_eq!(replicas(&wanted(EMBEDDED), Kind::StatefulSet, "demo-serve"), 1);
    assert_eq!(replicas(&wanted(HOST), Kind::StatefulSet, "demo-redis"), 1);
}

#[test]
fn a_hibernated_tenant_has_no_pod_no_autoscaler_and_everything_else() {
    for (shape, spec) in SHAPES {
        let (awake, asleep) = (wanted(spec), crate::fixture::wanted(&with(spec, "hibernated: true")));
        for object in asleep.objects.iter().filter(|object| matches!(object.kind, Kind::Deployment | Kind::StatefulSet))
        {
            assert_eq!(object.value["spec"]["replicas"], 0, "{shape}: {}", object.name);
        }
        let but_autoscalers = |wanted: &crate::build::Wanted| {
            names(wanted)
                .into_iter()
                .filter(|(kind, _)| *kind != Kind::HorizontalPodAutoscaler)
                .map(|(kind, name)| (kind, name.to_owned()))
                .collect::<Vec<_>>()
        };
        assert_eq!(but_autoscalers(&asleep), but_autoscalers(&awake), "{shape}");
        assert_eq!(count(&asleep, Kind::HorizontalPodAutoscaler), 0, "{shape}");
    }
}

#[test]
fn one_pod_of_a_role_may_be_away_at_once() {
    let wanted = wanted(HOST);
    for name in ["demo-messaging", "demo-presence"] {
        let spec = &find(&wanted, Kind::PodDisruptionBudget, name)["spec"];
        assert_eq!((&spec["maxUnavailable"], &spec["unhealthyPodEvictionPolicy"]), (&json!(1), &json!("AlwaysAllow")));
        assert_eq!(spec["selector"], find(&wanted, Kind::Deployment, name)["spec"]["selector"]);
    }
    assert_eq!(count(&wanted, Kind::PodDisruptionBudget), 2);
}

#[test]
fn a_deployment_is_replaced_with_another_pod_beside_it_first_and_a_stateful_set_one_after_the_other() {
    let full = wanted(FULL);
    let strategy = &find(&full, Kind::Deployment, "demo-presence")["spec"]["strategy"];
    assert_eq!(*strategy, json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}));
    let embedded = crate::fixture::wanted(&tenant(EMBEDDED));
    assert_eq!(
        find(&embedded, Kind::StatefulSet, "demo-serve")["spec"]["updateStrategy"],
        json!({"type": "RollingUpdate"})
    );
}

#[test]
fn what_holds_pods_selects_exactly_its_own_by_labels_that_never_change() {
    for (shape, spec) in SHAPES {
        for object in
            wanted(spec).objects.iter().filter(|object| matches!(object.kind, Kind::Deployment | Kind::StatefulSet))
        {
            let spec = &object.value["spec"];
            let selector = spec["selector"]["matchLabels"].as_object().expect("labels");
            let keys: Vec<&String> = selector.keys().collect();
            assert_eq!(
                keys,
                ["app.kubernetes.io/component", "app.kubernetes.io/instance", "app.kubernetes.io/name"],
                "{shape}"
            );
            assert!(selector.iter().all(|(key, value)| spec["template"]["metadata"]["labels"][key] == *value));
        }
    }
}
