//! The Config of each program, read as the program reads it.

use std::collections::BTreeSet;

use confab_contract::config::Checked;
use confab_contract::config::admin::TenantSource;
use confab_contract::config::messaging::MessagingConfig;
use confab_contract::config::presence::PresenceConfig;
use confab_contract::config::serve::ServeConfig;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::wanted;
use crate::build::Wanted;
use crate::fixture::{ALONE, CANARY, EMBEDDED, FULL, HOST, SHAPES, find, settings, templates, tenant};
use crate::kind::Kind;
use crate::names::Role;

/// What a program reads, from the ConfigMap that its pods mount.
fn config<C: DeserializeOwned + Checked>(wanted: &Wanted, role: Role) -> C {
    let text = text(wanted, role);
    let config: C = yaml_serde::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let problems: Vec<String> = config.problems().iter().map(ToString::to_string).collect();
    assert_eq!(problems, Vec::<String>::new(), "{text}");
    config
}

fn text(wanted: &Wanted, role: Role) -> String {
    let template = templates(wanted)[format!("demo-{}", role.name()).as_str()];
    let volumes = template["spec"]["volumes"].as_array().expect("volumes");
    let mounted = volumes.iter().find_map(|volume| volume["configMap"]["name"].as_str()).expect("a Config");
    let map = find(wanted, Kind::ConfigMap, mounted);
    assert_eq!(map["immutable"], true);
    map["data"]["config.yaml"].as_str().expect("a file").to_owned()
}

#[test]
fn each_program_takes_its_config_without_complaint() {
    for spec in [ALONE, FULL, HOST] {
        let wanted = wanted(spec);
        let messaging: MessagingConfig = config(&wanted, Role::Messaging);
        let presence: PresenceConfig = config(&wanted, Role::Presence);
        assert_eq!((messaging.tenant_source, presence.tenant_source), (TenantSource::Store, TenantSource::Store));
        assert_eq!(messaging.master_key_file, presence.master_key_file);
        assert_eq!(messaging.bus.redis_url_file.is_some(), spec != ALONE);
        let admin = messaging.admin.expect("the operator's listener");
        assert_eq!(admin.host.to_string(), "chat.demo");
        assert_eq!(admin.operator_keys, settings().operator_keys);
    }
    let serve: ServeConfig = config(&wanted(EMBEDDED), Role::Serve);
    assert_eq!(serve.database.sqlite_file, Some("/var/lib/confab/confab.db".into()));
    assert!(serve.admin.is_some());
}

#[test]
fn what_the_spec_says_of_connections_and_proxies_reaches_the_programs() {
    let wanted = wanted(FULL);
    let messaging: MessagingConfig = config(&wanted, Role::Messaging);
    let presence: PresenceConfig = config(&wanted, Role::Presence);
    assert_eq!(messaging.database.max_connections, Some(40));
    assert_eq!(presence.database.max_connections, Some(40));
    let proxies: Vec<String> = messaging.http.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(proxies, ["10.0.0.0/8", "fd00::/8"]);
    assert_eq!(presence.http.trusted_proxies, messaging.http.trusted_proxies);
}

/// Files that a container of this template finds.
fn mounted(template: &Value) -> BTreeSet<String> {
    let spec = &template["spec"];
    let mut files = BTreeSet::new();
    for mount in spec["containers"][0]["volumeMounts"].as_array().expect("mounts") {
        let folder = mount["mountPath"].as_str().expect("a path");
        let volume = spec["volumes"].as_array().expect("volumes").iter().find(|volume| volume["name"] == mount["name"]);
        let volume = volume.expect("it is declared");
        let sources = volume["projected"]["sources"].as_array().into_iter().flatten();
        let items = sources.flat_map(|source| source["secret"]["items"].as_array().expect("items"));
        files.extend(items.map(|item| format!("{folder}/{}", item["path"].as_str().expect("a path"))));
        if volume["configMap"].is_object() {
            files.insert(format!("{folder}/config.yaml"));
        }
        if volume["persistentVolumeClaim"].is_object() {
            files.insert(format!("{folder}/confab.db"));
        }
    }
    files
}

/// Every file that a Config names.
fn named(config: &Value) -> Vec<String> {
    match config {
        Value::Object(map) => {
            let own = map.iter().filter(|(key, _)| key.ends_with("_file")).filter_map(|(_, value)| value.as_str());
            own.map(str::to_owned).chain(map.values().flat_map(named)).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn every_file_that_a_config_names_is_mounted_and_every_secret_that_is_mounted_is_named() {
    for (shape, spec) in SHAPES {
        let wanted = wanted(spec);
        for workload in &wanted.workloads {
            let template = &workload.choice.rendered().template;
            let config: Value = yaml_serde::from_str(&text(&wanted, workload.role)).expect("YAML");
            let mut named: BTreeSet<String> = named(&config).into_iter().collect();
            assert!(named.len() >= 2, "{shape}: {named:?}");
            named.insert("/etc/confab/config.yaml".to_owned());
            assert_eq!(named, mounted(template), "{shape}: {:?}", workload.role);
        }
    }
}

#[test]
fn the_secrets_that_the_spec_names_are_mounted_under_their_own_keys() {
    let wanted = wanted(FULL);
    let template = templates(&wanted)["demo-presence"].to_string();
    assert!(
        template.contains(r#"{"secret":{"items":[{"key":"url","path":"database-url"}],"name":"db"}}"#),
        "{template}"
    );
    assert!(
        template.contains(r#"{"secret":{"items":[{"key":"uri","path":"redis-url"}],"name":"cache"}}"#),
        "{template}"
    );
    assert!(!template.contains("admin-tls"), "presence has no listener for the operator");
}

#[test]
fn the_name_of_a_config_changes_with_its_content_and_with_nothing_else() {
    let name = |spec: &str| {
        let wanted = wanted(spec);
        let rendered = wanted.workloads[0].choice.rendered();
        (rendered.config_name.clone(), rendered.config.clone())
    };
    let before = name(FULL);
    assert!(before.0.starts_with("demo-messaging-"), "{}", before.0);
    assert_eq!(name(&FULL.replace("cpu: '0.5'", "cpu: 1")), before);
    assert_ne!(name(&FULL.replace("maxConnections: 40", "maxConnections: 41")).0, before.0);
}

#[test]
fn no_config_holds_a_secret() {
    // The addresses of the references were read from Secrets that hold a password.
    let secrets = ["db", "cache"].map(|name| {
        let url = if name == "db" { "postgres://u:PW@db/x" } else { "redis://:PW@cache" };
        let url = url.replace("PW", CANARY);
        (name.to_owned(), crate::fixture::secret(&[("uri", &url), ("url", &url)]))
    });
    let tenant = tenant(FULL);
    let secrets = secrets.into_iter().map(|(name, value)| (name, Box::new(value))).collect();
    let references = crate::check::References::found(&tenant.resolved(), &secrets);
    let Ok(crate::Checked::Dedicated(checked)) =
        crate::check::check(&tenant, &references, &crate::check::HostView::default())
    else {
        panic!("{references:?}")
    };
    let wanted = crate::build::objects(&checked, &settings(), &crate::build::Former::new());
    assert!(!format!("{checked:?}{wanted:?}").contains(CANARY));
}
