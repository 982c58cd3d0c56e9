//! The commented default files are the documentation of every key of every service: nothing is missing, and nothing is wrong.

use std::collections::BTreeSet;
use std::fmt::Debug;

use confab_contract::config::Secret;
use confab_contract::config::admin::AdminConfig;
use confab_contract::config::messaging::MessagingConfig;
use confab_contract::config::presence::PresenceConfig;
use confab_contract::config::section::{BusConfig, DatabaseConfig};
use confab_contract::config::serve::ServeConfig;
use confab_contract::config::tenant::TenantConfig;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A Config with something in every key that is otherwise left out.
trait Full: Default + PartialEq + Debug + Serialize + DeserializeOwned {
    fn full() -> Self;
}

macro_rules! full {
    ($config:ty $(, admin: $admin:expr)?) => {
        impl Full for $config {
            fn full() -> Self {
                Self { database: database(), bus: bus(), tenants: vec![tenant()], $(admin: $admin,)? ..Self::default() }
            }
        }
    };
}

full!(MessagingConfig, admin: Some(admin()));
full!(PresenceConfig);
full!(ServeConfig, admin: Some(admin()));

fn database() -> DatabaseConfig {
    DatabaseConfig {
        url: Some(Secret::new("x")),
        url_file: Some("x".into()),
        sqlite_file: Some("x".into()),
        max_connections: Some(2),
    }
}

fn bus() -> BusConfig {
    BusConfig { redis_url: Some(Secret::new("x")), redis_url_file: Some("x".into()) }
}

fn tenant() -> TenantConfig {
    let mut tenant = TenantConfig::new("default.demo".parse().unwrap(), "chat.example.com");
    tenant.extra_hosts = vec!["x".to_owned()];
    tenant
}

fn admin() -> AdminConfig {
    let mut admin = AdminConfig::new("default.host".parse().unwrap(), Vec::new());
    admin.tls_certificate_file = Some("x".into());
    admin.tls_private_key_file = Some("x".into());
    admin
}

fn check<C: Full>(file: &str) {
    let parsed: C = yaml_serde::from_str(file).expect("the file is a Config");
    assert_eq!(parsed, C::default(), "the file says the defaults");

    let example: Vec<TenantConfig> = example(file, "tenants: []\n");
    let expected = TenantConfig::new("default.demo".parse().unwrap(), "chat.example.com");
    assert_eq!(example, [expected], "the tenant that it shows has the defaults");

    let mut keys = BTreeSet::new();
    collect_keys(&serde_json::to_value(C::full()).unwrap(), &mut keys);
    let missing: Vec<_> = keys.into_iter().filter(|key| !file.contains(&format!("{key}:"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// What is commented out after a line.
fn example<T: DeserializeOwned>(file: &str, after: &str) -> T {
    let (_, rest) = file.split_once(after).expect("the example follows");
    let lines = rest.lines().take_while(|line| line.starts_with('#'));
    let text: Vec<&str> = lines.map(|line| line.strip_prefix('#').unwrap_or(line)).collect();
    yaml_serde::from_str(&text.join("\n")).expect("the example is well-formed")
}

fn collect_keys(value: &Value, keys: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                keys.insert(key.clone());
                collect_keys(value, keys);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_keys(item, keys)),
        _ => {}
    }
}

#[test]
fn the_default_file_of_messaging_says_every_key_with_its_default() {
    check::<MessagingConfig>(confab_messaging::DEFAULT_CONFIG);
}

#[test]
fn the_default_file_of_presence_says_every_key_with_its_default() {
    check::<PresenceConfig>(confab_presence::DEFAULT_CONFIG);
}

#[test]
fn the_default_file_of_serve_says_every_key_with_its_default() {
    check::<ServeConfig>(confab::serve::DEFAULT_CONFIG);
}

#[test]
fn the_admin_section_that_is_shown_has_the_defaults() {
    for file in [confab_messaging::DEFAULT_CONFIG, confab::serve::DEFAULT_CONFIG] {
        let shown: AdminConfig = example(file, "# admin:\n");
        let mut expected = AdminConfig::new("default.host".parse().unwrap(), Vec::new());
        expected.tls_certificate_file = Some("/run/secrets/confab/admin-tls/tls.crt".into());
        expected.tls_private_key_file = Some("/run/secrets/confab/admin-tls/tls.key".into());
        assert_eq!(shown, expected);
    }
}
