//! The tenant of a run: limits so high that none is met, since a refusal by a limit is no fault of the promises.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use confab_contract::TenantId;
use confab_contract::config::tenant::{AuthConfig, LimitsConfig, RateLimit, TenantConfig};
use rand::random;

const DOMAIN: &str = "e2e.localhost";
const UNLIMITED: RateLimit = RateLimit { requests: 1_000_000_000, per_seconds: 60 };
const TOKEN_SECONDS: u32 = 86_400;
const GROUP_MEMBERS: u32 = 1000;
const CONNECTIONS_PER_USER: u32 = 1000;

/// The tenant as `confab-messaging` and `confab-presence` read it.
pub fn config() -> Result<TenantConfig> {
    let mut tenant = TenantConfig::new("default.e2e".parse().context("a tenant id")?, DOMAIN);
    tenant.extra_hosts = vec!["127.0.0.1".to_owned()];
    tenant.auth = AuthConfig { access_token_seconds: TOKEN_SECONDS, ..AuthConfig::default() };
    tenant.limits = LimitsConfig {
        authentication: UNLIMITED,
        regular: UNLIMITED,
        uploads: UNLIMITED,
        websocket: UNLIMITED,
        group_members: GROUP_MEMBERS,
        connections_per_user: CONNECTIONS_PER_USER,
        ..LimitsConfig::default()
    };
    Ok(tenant)
}

/// The tenant whose guests others are, where tenants come from an operator.
pub fn host() -> Result<TenantId> {
    "default.host".parse().context("a tenant id")
}

/// Writes the same tenant as a `ChatTenant` for `confab up`.
pub fn write_resource(folder: &Path) -> Result<PathBuf> {
    let unlimited = format!("{{ requests: {}, perSeconds: {} }}", UNLIMITED.requests, UNLIMITED.per_seconds);
    let text = format!(
        "apiVersion: confab.dev/v1alpha1\n\
         kind: ChatTenant\n\
         metadata:\n  name: e2e\n  namespace: default\n\
         spec:\n  domain: {DOMAIN}\n  auth:\n    accessTokenSeconds: {TOKEN_SECONDS}\n  limits:\n    \
         authentication: {unlimited}\n    regular: {unlimited}\n    uploads: {unlimited}\n    websocket: {unlimited}\n    \
         groupMembers: {GROUP_MEMBERS}\n    connectionsPerUser: {CONNECTIONS_PER_USER}\n"
    );
    let path = folder.join("tenant.yaml");
    fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path)
}

/// Writes a fresh master key.
pub fn write_master_key(folder: &Path) -> Result<PathBuf> {
    let path = folder.join("master.key");
    fs::write(&path, STANDARD.encode(random::<[u8; 32]>()))?;
    // The services may refuse a key that others can read.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    Ok(path)
}
