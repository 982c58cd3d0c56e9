//! The Config of each program, as the very type that the program parses.

use std::path::PathBuf;

use confab_contract::config::admin::{AdminConfig, TenantSource};
use confab_contract::config::messaging::MessagingConfig;
use confab_contract::config::presence::PresenceConfig;
use confab_contract::config::section::{BusConfig, DatabaseConfig, DrainConfig, HttpConfig};
use confab_contract::config::serve::ServeConfig;
use serde::Serialize;

use super::pod::{DATA_FOLDER, DRAIN_SECONDS, SECRETS_FOLDER};
use crate::check::{Dedicated, Storage};
use crate::names::Role;
use crate::settings::Settings;

/// Where the Config is mounted.
pub const CONFIG_FOLDER: &str = "/etc/confab";
/// Its file.
pub const CONFIG_FILE: &str = "config.yaml";
/// In [`SECRETS_FOLDER`]: the address of the database.
pub(super) const DATABASE_URL: &str = "database-url";
/// In [`SECRETS_FOLDER`]: the address of Redis.
pub(super) const REDIS_URL: &str = "redis-url";
/// In [`SECRETS_FOLDER`]: the master key.
pub(super) const MASTER_KEY: &str = "master.key";
/// In [`SECRETS_FOLDER`]: certificate of the admin listener.
pub(super) const ADMIN_CERTIFICATE: &str = "admin.crt";
/// In [`SECRETS_FOLDER`]: its key.
pub(super) const ADMIN_KEY: &str = "admin.key";

/// The Config file of a role.
pub fn text(tenant: &Dedicated, settings: &Settings, role: Role) -> String {
    match role {
        Role::Messaging => yaml(&MessagingConfig {
            http: http(tenant),
            database: database(tenant),
            bus: bus(tenant),
            drain: drain(),
            master_key_file: secret(MASTER_KEY),
            tenant_source: TenantSource::Store,
            admin: Some(admin(tenant, settings)),
            ..MessagingConfig::default()
        }),
        Role::Presence => yaml(&PresenceConfig {
            http: http(tenant),
            database: database(tenant),
            bus: bus(tenant),
            drain: drain(),
            master_key_file: secret(MASTER_KEY),
            tenant_source: TenantSource::Store,
            ..PresenceConfig::default()
        }),
        Role::Serve => yaml(&ServeConfig {
            http: http(tenant),
            database: database(tenant),
            bus: BusConfig::default(),
            drain: drain(),
            master_key_file: secret(MASTER_KEY),
            tenant_source: TenantSource::Store,
            admin: Some(admin(tenant, settings)),
            ..ServeConfig::default()
        }),
        Role::Redis => String::new(),
    }
}

fn yaml(config: &impl Serialize) -> String {
    yaml_serde::to_string(config).expect("a Config is plain data with text keys")
}

fn secret(name: &str) -> PathBuf {
    PathBuf::from(SECRETS_FOLDER).join(name)
}

fn http(tenant: &Dedicated) -> HttpConfig {
    let proxies = tenant.gateway.iter().flat_map(|gateway| &gateway.trusted_proxies);
    // The schema lets only networks through.
    let trusted_proxies = proxies.filter_map(|network| network.parse().ok()).collect();
    HttpConfig { trusted_proxies, ..HttpConfig::default() }
}

fn database(tenant: &Dedicated) -> DatabaseConfig {
    match &tenant.storage {
        Storage::Embedded(_) => DatabaseConfig {
            sqlite_file: Some(PathBuf::from(DATA_FOLDER).join("confab.db")),
            ..DatabaseConfig::default()
        },
        Storage::Postgres { max_connections, .. } => DatabaseConfig {
            url_file: Some(secret(DATABASE_URL)),
            max_connections: *max_connections,
            ..DatabaseConfig::default()
        },
        Storage::Pending(_) => DatabaseConfig { url_file: Some(secret(DATABASE_URL)), ..DatabaseConfig::default() },
    }
}

fn bus(tenant: &Dedicated) -> BusConfig {
    BusConfig { redis_url_file: tenant.bus.as_ref().map(|_| secret(REDIS_URL)), ..BusConfig::default() }
}

/// The kubelet waits before it sends SIGTERM (`preStop`), so that no more time has to be spent on being unready.
fn drain() -> DrainConfig {
    DrainConfig { deadline_seconds: DRAIN_SECONDS, unready_millis: 500, ..DrainConfig::default() }
}

fn admin(tenant: &Dedicated, settings: &Settings) -> AdminConfig {
    AdminConfig {
        tls_certificate_file: Some(secret(ADMIN_CERTIFICATE)),
        tls_private_key_file: Some(secret(ADMIN_KEY)),
        ..AdminConfig::new(tenant.config.id.clone(), settings.operator_keys.clone())
    }
}
