//! A tenant as a workload sees it.

use confab_contract::config::Checked as _;
use confab_contract::config::tenant::{AuthConfig, Encryption, LimitsConfig, RateLimit, Registration, TenantConfig};
use confab_crds::ResolvedTenant;
use confab_crds::tenant::{
    Encryption as EncryptionSpec, Registration as RegistrationSpec, ResolvedLimits, ResolvedRate,
};

/// What a workload needs to know of a tenant. The error says what a workload would refuse; the schema refuses it earlier.
pub fn tenant_config(tenant: &ResolvedTenant) -> Result<TenantConfig, String> {
    let id = tenant.id.parse().map_err(|error| format!("{}: {error}", tenant.id))?;
    let config = TenantConfig {
        id,
        domain: tenant.domain.clone(),
        extra_hosts: Vec::new(),
        encryption: match tenant.encryption {
            EncryptionSpec::ServerReadable => Encryption::ServerReadable,
            EncryptionSpec::EndToEnd => Encryption::EndToEnd,
        },
        auth: AuthConfig {
            registration: match tenant.auth.registration {
                RegistrationSpec::Open => Registration::Open,
                RegistrationSpec::Closed => Registration::Closed,
            },
            access_token_seconds: tenant.auth.access_token_seconds,
            refresh_token_seconds: tenant.auth.refresh_token_seconds,
            allowed_origins: tenant.auth.allowed_origins.clone(),
            ..AuthConfig::default()
        },
        limits: limits(&tenant.limits),
    };
    match config.problems().into_iter().next() {
        Some(problem) => Err(problem.to_string()),
        None => Ok(config),
    }
}

fn limits(limits: &ResolvedLimits) -> LimitsConfig {
    LimitsConfig {
        authentication: rate(limits.authentication),
        regular: rate(limits.regular),
        uploads: rate(limits.uploads),
        websocket: rate(limits.websocket),
        group_members: limits.group_members,
        message_bytes: limits.message_bytes,
        metadata_bytes: limits.metadata_bytes,
        connections_per_user: limits.connections_per_user,
    }
}

fn rate(rate: ResolvedRate) -> RateLimit {
    RateLimit { requests: rate.requests, per_seconds: rate.per_seconds }
}
