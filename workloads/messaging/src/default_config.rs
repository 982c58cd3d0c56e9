//! The commented default Config, which is also the documentation of every key.

/// The text that `--print-default-config` prints.
pub const DEFAULT_CONFIG: &str = include_str!("../config.default.yaml");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use confab_contract::config::Secret;
    use confab_contract::config::admin::AdminConfig;
    use confab_contract::config::messaging::MessagingConfig;
    use confab_contract::config::tenant::TenantConfig;
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_default_file_parses_to_the_defaults() {
        let parsed: MessagingConfig = yaml_serde::from_str(DEFAULT_CONFIG).expect("the file is a Config");
        assert_eq!(parsed, MessagingConfig::default());
    }

    #[test]
    fn the_tenant_that_it_shows_parses_to_the_defaults() {
        let (_, example) = DEFAULT_CONFIG.split_once("\ntenants: []\n").expect("the example follows");
        let lines = example.lines().map(|line| line.strip_prefix('#').unwrap_or(line));
        let text = lines.collect::<Vec<_>>().join("\n");
        let parsed: Vec<TenantConfig> = yaml_serde::from_str(&text).expect("the example is a list of tenants");
        let id = "default.demo".parse().expect("a tenant id");
        assert_eq!(parsed, [TenantConfig::new(id, "chat.example.com")]);
    }

    #[test]
    fn every_key_is_in_the_file() {
        let mut full = MessagingConfig::default();
        full.database.url = Some(Secret::new("x"));
        full.database.url_file = Some("x".into());
        full.database.sqlite_file = Some("x".into());
        full.database.max_connections = Some(2);
        full.bus.redis_url = Some(Secret::new("x"));
        full.bus.redis_url_file = Some("x".into());
        let mut admin = AdminConfig::new("default.host".parse().expect("a tenant id"), Vec::new());
        admin.tls_certificate_file = Some("x".into());
        admin.tls_private_key_file = Some("x".into());
        full.admin = Some(admin);
        let mut tenant = TenantConfig::new("default.demo".parse().expect("a tenant id"), "chat.example.com");
        tenant.extra_hosts = vec!["x".to_owned()];
        full.tenants = vec![tenant];
        let mut keys = BTreeSet::new();
        collect_keys(&serde_json::to_value(&full).expect("a Config is plain data"), &mut keys);
        let missing: Vec<_> = keys.into_iter().filter(|key| !DEFAULT_CONFIG.contains(&format!("{key}:"))).collect();
        assert!(missing.is_empty(), "{missing:?}");
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
}
