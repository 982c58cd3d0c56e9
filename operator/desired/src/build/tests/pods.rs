use serde_json::{Value, json};

use crate::fixture::{ALONE, EMBEDDED, FULL, HOST, annotated, templates, tenant, wanted, with};
use crate::names::RESTARTED_AT;

fn container<'a>(template: &'a Value, name: &str) -> &'a Value {
    let containers = template["spec"]["containers"].as_array().expect("containers");
    containers.iter().find(|container| container["name"] == name).expect("the container")
}

#[test]
fn each_program_runs_its_own_image_with_its_config() {
    let wanted = wanted(&tenant(FULL));
    let templates = templates(&wanted);
    let version = env!("CARGO_PKG_VERSION");
    for program in ["messaging", "presence"] {
        let container = container(templates[format!("demo-{program}").as_str()], program);
        assert_eq!(container["image"], format!("confab-{program}:{version}"));
        assert_eq!(container["args"], json!(["--config", "/etc/confab/config.yaml"]));
    }
    let embedded = super::wanted(EMBEDDED);
    let serve = crate::fixture::templates(&embedded)["demo-serve"];
    assert_eq!(container(serve, "serve")["image"], format!("confab:{version}"));
    assert_eq!(container(serve, "serve")["args"], json!(["serve", "--config", "/etc/confab/config.yaml"]));
}

#[test]
fn messaging_migrates_the_database_before_it_serves_and_nobody_else_does() {
    let wanted = wanted(&tenant(FULL));
    let templates = templates(&wanted);
    let migrate = &templates["demo-messaging"]["spec"]["initContainers"][0];
    assert_eq!(migrate["args"], json!(["--config", "/etc/confab/config.yaml", "--migrate", "--wait-seconds", "20"]));
    assert_eq!(migrate["image"], container(templates["demo-messaging"], "messaging")["image"]);
    assert_eq!(migrate["volumeMounts"], container(templates["demo-messaging"], "messaging")["volumeMounts"]);
    assert!(templates["demo-presence"]["spec"]["initContainers"].is_null());
}

#[test]
fn a_pod_is_asked_at_its_own_listener_whether_it_lives_and_whether_it_serves() {
    let wanted = wanted(&tenant(ALONE));
    for (name, template) in templates(&wanted) {
        let container = &template["spec"]["containers"][0];
        for (probe, path) in
            [("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")]
        {
            assert_eq!(container[probe]["httpGet"], json!({"path": path, "port": "ops", "scheme": "HTTP"}), "{name}");
        }
        assert!(
            container["ports"]
                .as_array()
                .expect("ports")
                .contains(&json!({"name": "ops", "containerPort": 9090, "protocol": "TCP"}))
        );
    }
}

#[test]
fn a_pod_has_the_time_that_its_drain_takes() {
    let wanted = wanted(&tenant(FULL));
    for workload in &wanted.workloads {
        let rendered = workload.choice.rendered();
        let spec = &rendered.template["spec"];
        let wait = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64().expect("a wait");
        let config: Value = yaml_serde::from_str(&rendered.config).expect("YAML");
        let drain = config["drain"]["deadline_seconds"].as_u64().expect("a deadline");
        assert!(spec["terminationGracePeriodSeconds"].as_u64().expect("a grace") > wait + drain);
        assert!(wait > 0);
    }
}

#[test]
fn pods_run_where_and_as_large_as_the_spec_says() {
    let wanted = wanted(&tenant(FULL));
    let templates = templates(&wanted);
    let spec = &templates["demo-messaging"]["spec"];
    assert_eq!(spec["nodeSelector"], json!({"disk": "ssd"}));
    assert_eq!(
        spec["tolerations"][0],
        json!({"key": "dedicated", "operator": "Equal", "value": "chat", "effect": "NoSchedule"})
    );
    assert_eq!(spec["tolerations"][1], json!({"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}));
    assert!(spec["affinity"]["nodeAffinity"].is_object());
    assert_eq!(spec["priorityClassName"], "high");
    assert_eq!(spec["imagePullSecrets"], json!([{"name": "registry"}]));
    // As the API server stores 0.5, 1024Mi and 1.5Gi.
    let resources = json!({"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "1536Mi"}});
    assert_eq!(container(templates["demo-messaging"], "messaging")["resources"], resources);
    let resources = json!({"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}});
    assert_eq!(container(templates["demo-presence"], "presence")["resources"], resources);
}

#[test]
fn pods_are_spread_as_the_spec_says() {
    let when = |spec: &str, name: &str| {
        let wanted = super::wanted(spec);
        let constraints = crate::fixture::templates(&wanted)[name]["spec"]["topologySpreadConstraints"].clone();
        let constraints: Vec<Value> = serde_json::from_value(constraints).unwrap_or_default();
        for constraint in &constraints {
            assert_eq!(constraint["labelSelector"]["matchLabels"]["app.kubernetes.io/instance"], "demo");
        }
        let field = |constraint: &Value, field: &str| constraint[field].as_str().expect("text").to_owned();
        constraints
            .iter()
            .map(|found| (field(found, "topologyKey"), field(found, "whenUnsatisfiable")))
            .collect::<Vec<_>>()
    };
    let over = |when: &str| {
        ["kubernetes.io/hostname", "topology.kubernetes.io/zone"].map(|key| (key.to_owned(), when.to_owned()))
    };
    assert_eq!(when(ALONE, "demo-messaging"), over("ScheduleAnyway"));
    assert_eq!(when(FULL, "demo-messaging"), over("DoNotSchedule"));
    assert_eq!(when(FULL, "demo-presence"), []);
    assert_eq!(when(HOST, "demo-redis"), []);
}

#[test]
fn a_restart_is_asked_for_by_an_annotation_and_reaches_the_pods_of_every_program() {
    let tenant = annotated(tenant(HOST), RESTARTED_AT, "monday");
    let wanted = wanted(&tenant);
    for (name, template) in templates(&wanted) {
        let found = &template["metadata"]["annotations"][RESTARTED_AT];
        // Nobody asks for a restart of Redis: nothing of it is ever stale.
        assert_eq!(found.as_str(), (name != "demo-redis").then_some("monday"), "{name}");
    }
}

#[test]
fn what_no_pod_sees_replaces_none() {
    let template = |tenant| {
        let wanted = wanted(&tenant);
        templates(&wanted).into_iter().map(|(name, template)| (name.to_owned(), template.clone())).collect::<Vec<_>>()
    };
    let before = template(tenant(FULL));
    for more in [
        "limits: {groupMembers: 12}",
        "auth: {registration: Closed}",
        "deletionPolicy: Delete",
        "encryption: EndToEnd",
        "hibernated: true",
        "updateStrategy: Auto",
    ] {
        assert_eq!(template(with(FULL, more)), before, "{more}");
    }
    assert_eq!(template(tenant(&FULL.replace("min: 2, max: 10", "min: 3, max: 4"))), before);
    assert_eq!(template(tenant(&FULL.replace("ca}", "other}"))), before);
    assert_ne!(
        template(tenant(&FULL.replace("10.0.0.0/8", "192.168.0.0/16"))),
        before,
        "the Config of pods names proxies"
    );
    assert_ne!(template(tenant(&FULL.replace("maxConnections: 40", "maxConnections: 41"))), before);
}

#[test]
fn a_managed_redis_keeps_nothing_and_asks_for_a_password() {
    let wanted = wanted(&tenant(HOST));
    let spec = &templates(&wanted)["demo-redis"]["spec"];
    assert_eq!(spec["containers"][0]["command"], json!(["redis-server", "/etc/redis/redis.conf"]));
    assert_eq!(spec["containers"][0]["resources"]["limits"], json!({"memory": "256Mi"}));
    let volumes = spec["volumes"].as_array().expect("volumes");
    assert_eq!(volumes[0]["secret"]["secretName"], "demo-redis");
    assert_eq!(volumes[1]["emptyDir"], json!({"sizeLimit": "16Mi"}));
    let data = crate::build::secret::redis_data("demo-redis", "pw");
    assert_eq!(data["uri"], "redis://:pw@demo-redis:6379/0");
    for line in ["requirepass pw", "save \"\"", "appendonly no"] {
        assert!(data["redis.conf"].lines().any(|found| found == line), "{line}");
    }
}
