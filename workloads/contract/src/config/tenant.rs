//! A tenant as a workload sees it: the checked, defaulted form of a `ChatTenant`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::section::in_range;
use super::{Checked, ConfigProblem};
use crate::{TenantId, limit};

/// `tenants[]`: whom this process serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantConfig {
    /// `<namespace>.<name>` of the `ChatTenant`.
    pub id: TenantId,
    /// The tenant's domain. The API answers at it and at `api.<domain>`, the WebSocket also at `ws.<domain>`.
    pub domain: String,
    /// Further host names that mean this tenant, such as `127.0.0.1` on a laptop.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra_hosts: Vec<String>,
    /// Whether the server may look into messages.
    #[serde(default)]
    pub encryption: Encryption,
    /// Accounts and tokens.
    #[serde(default)]
    pub auth: AuthConfig,
    /// What is allowed how often, and how large.
    #[serde(default)]
    pub limits: LimitsConfig,
}

impl TenantConfig {
    /// A tenant with every default.
    pub fn new(id: TenantId, domain: impl Into<String>) -> Self {
        Self {
            id,
            domain: domain.into(),
            extra_hosts: Vec::new(),
            encryption: Encryption::default(),
            auth: AuthConfig::default(),
            limits: LimitsConfig::default(),
        }
    }

    /// Every host name that means this tenant, in lower case.
    pub fn hosts(&self) -> BTreeSet<String> {
        let domain = self.domain.to_ascii_lowercase();
        let mut hosts: BTreeSet<String> = self.extra_hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        hosts.insert(format!("api.{domain}"));
        hosts.insert(format!("ws.{domain}"));
        hosts.insert(domain);
        hosts
    }
}

impl Checked for TenantConfig {
    fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        let dns = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
        if self.domain.is_empty() || self.domain.len() > 249 || !self.domain.bytes().all(dns) {
            problems.push(ConfigProblem::new("domain", "must be a DNS name of at most 249 characters"));
        }
        // An IPv6 address, as a laptop has it, is a host name too.
        let host = |b: u8| dns(b) || b == b':';
        let is_host = |name: &String| !name.is_empty() && name.len() <= 253 && name.bytes().all(host);
        if !self.extra_hosts.iter().all(is_host) {
            problems.push(ConfigProblem::new("extra_hosts", "must be DNS names or IP addresses"));
        }
        problems.extend(self.auth.problems().into_iter().map(|problem| problem.inside("auth")));
        problems.extend(self.limits.problems().into_iter().map(|problem| problem.inside("limits")));
        problems
    }
}

/// Whether the server may look into messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Encryption {
    /// The base64 is UTF-8 text; the server may show and search it.
    #[default]
    ServerReadable,
    /// The server never looks inside.
    EndToEnd,
}

/// `auth`: accounts and tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthConfig {
    /// Whether strangers may make accounts.
    pub registration: Registration,
    /// Seconds that an access token lives.
    pub access_token_seconds: u32,
    /// Seconds that a session lives without a refresh.
    pub refresh_token_seconds: u32,
    /// Seconds after which a new signing key takes over.
    pub signing_key_seconds: u32,
    /// Web origins that may call the API and open sockets from a browser. Empty: same origin only; `*`: any.
    pub allowed_origins: Vec<String>,
}

impl AuthConfig {
    /// Longest life of an access token, whatever a tenant sets: as long is what was revoked remembered.
    pub const ACCESS_TOKEN_SECONDS_MAX: u32 = 86_400;
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            registration: Registration::Open,
            access_token_seconds: 3600,
            refresh_token_seconds: 30 * 24 * 3600,
            signing_key_seconds: 30 * 24 * 3600,
            allowed_origins: Vec::new(),
        }
    }
}

impl Checked for AuthConfig {
    fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        let most = Self::ACCESS_TOKEN_SECONDS_MAX.into();
        in_range(&mut problems, "access_token_seconds", self.access_token_seconds.into(), 60, most);
        in_range(&mut problems, "refresh_token_seconds", self.refresh_token_seconds.into(), 300, 31_536_000);
        in_range(&mut problems, "signing_key_seconds", self.signing_key_seconds.into(), 3600, 31_536_000);
        if self.refresh_token_seconds <= self.access_token_seconds {
            problems.push(ConfigProblem::new("refresh_token_seconds", "must be longer than access_token_seconds"));
        }
        problems
    }
}

/// Whether strangers may make accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Registration {
    /// `POST /v1/auth/register` is open to all.
    #[default]
    Open,
    /// It answers 403.
    Closed,
}

/// `limits`: what is allowed how often, and how large.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Requests to `/v1/auth/…`: per address, per account, and per session for refresh.
    pub authentication: RateLimit,
    /// Every other request, per user.
    pub regular: RateLimit,
    /// Uploads, per user.
    pub uploads: RateLimit,
    /// Frames from clients, per user over all connections.
    pub websocket: RateLimit,
    /// Members of a group at most.
    pub group_members: u32,
    /// Decoded bytes of a message's content at most.
    pub message_bytes: u32,
    /// Bytes of a message's metadata as JSON at most.
    pub metadata_bytes: u32,
    /// Connections of one user at most, on one presence process.
    pub connections_per_user: u32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            authentication: RateLimit { requests: 5, per_seconds: 60 },
            regular: RateLimit { requests: 1000, per_seconds: 3600 },
            uploads: RateLimit { requests: 100, per_seconds: 3600 },
            websocket: RateLimit { requests: 100, per_seconds: 60 },
            group_members: 256,
            message_bytes: 48 * 1024,
            metadata_bytes: 8 * 1024,
            connections_per_user: 20,
        }
    }
}

impl Checked for LimitsConfig {
    fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        let rates = [
            ("authentication", self.authentication),
            ("regular", self.regular),
            ("uploads", self.uploads),
            ("websocket", self.websocket),
        ];
        for (name, rate) in rates {
            problems.extend(rate.problems().into_iter().map(|problem| problem.inside(name)));
        }
        in_range(&mut problems, "group_members", self.group_members.into(), 2, limit::GROUP_MEMBERS_MAX.into());
        in_range(&mut problems, "message_bytes", self.message_bytes.into(), 1, 128 * 1024);
        in_range(&mut problems, "metadata_bytes", self.metadata_bytes.into(), 2, 32 * 1024);
        in_range(&mut problems, "connections_per_user", self.connections_per_user.into(), 1, 1000);
        problems
    }
}

/// So many in so long: a fixed window that begins with the first request in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// How many.
    pub requests: u32,
    /// In how many seconds.
    pub per_seconds: u32,
}

impl Checked for RateLimit {
    fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        in_range(&mut problems, "requests", self.requests.into(), 1, 1_000_000_000);
        in_range(&mut problems, "per_seconds", self.per_seconds.into(), 1, 86_400);
        problems
    }
}
