//! `ChatTenant`: one chat service with its own domain, accounts and limits.
//!
//! The other fields of the design come with the code that honours them. `placement`, `database.postgres` and `redis` are for
//! clusters and read by nothing yet; where `confab up` meets them it warns and names the flag that does the same.

mod auth;
mod backing;
pub mod defaults;
mod limits;
mod resolved;
mod rules;
mod status;

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

pub(crate) use auth::ORIGIN;
pub use auth::{AuthSpec, Registration};
pub(crate) use backing::SECRET_KEY;
pub use backing::{DatabaseSpec, EmbeddedDatabase, Placement, PlacementMode, PostgresDatabase, RedisSpec, SecretRef};
pub use limits::{LimitsSpec, RateLimit};
pub use resolved::{Database, ResolvedAuth, ResolvedLimits, ResolvedRate, ResolvedSecret, ResolvedTenant};
pub use status::ChatTenantStatus;

use crate::schema::plain_properties;

/// Longest domain: with `api.` before it, it is still a DNS name.
pub const DOMAIN_CHARS: usize = 249;
/// A DNS name in lower case.
pub(crate) const DNS_NAME: &str = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$";

/// What the tenant is to be.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[kube(
    group = "confab.dev",
    version = "v1alpha1",
    kind = "ChatTenant",
    plural = "chattenants",
    shortname = "ct",
    category = "confab",
    namespaced,
    status = "ChatTenantStatus",
    derive = "PartialEq",
    doc = "A chat service for one organisation: a domain, the accounts and conversations behind it, and the limits they live under. \
           The same resource describes a tenant on a laptop (`confab up -f tenant.yaml`), one with pods of its own, and one among \
           many in shared pods.",
    validation = rules::name_is_a_label(),
    printcolumn(name = "Domain", type_ = "string", json_path = ".spec.domain", description = "Where the tenant answers"),
    printcolumn(
        name = "Placement",
        type_ = "string",
        json_path = ".spec.placement.mode",
        description = "Shared or Dedicated; empty means Shared"
    ),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status",
        description = "Whether the tenant can be used"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(
    validation = rules::encryption_stays(),
    validation = rules::postgres_needs_dedicated(),
    validation = rules::redis_needs_postgres()
)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct ChatTenantSpec {
    /// The DNS name under which the tenant is reached, in lower case and without a port, such as `chat.example.com`.
    /// The API answers at this name and at `api.<domain>`, the WebSocket also at `ws.<domain>`. `localhost` and names
    /// below it, such as `acme.localhost`, need no DNS. The domain is part of every token that the tenant issues, so it
    /// cannot be changed later.
    #[schemars(length(min = 1, max = DOMAIN_CHARS), regex(pattern = DNS_NAME))]
    #[x_kube(validation = rules::domain_is_no_address(), validation = rules::domain_stays())]
    pub domain: String,
    /// Where the tenant's workloads run. Default: in pods shared with other tenants. `confab up` is one process and
    /// ignores it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
    /// Where accounts and messages are stored. Default: `embedded`. A Shared tenant is stored in the database of its
    /// host. For `confab up` the option `--database-url` decides, and without it the database is embedded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseSpec>,
    /// The Redis that carries wake-ups and shared rate limits between several replicas. Default: none, which means one
    /// replica. For `confab up` the option `--redis-url` decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<RedisSpec>,
    /// Accounts, tokens and the web pages that may use them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<AuthSpec>,
    /// Whether the server may read messages. `ServerReadable` (default): the content is base64 of UTF-8 text, and the
    /// server may show it in conversation lists and notifications, search it and find mentions in it. `EndToEnd`:
    /// clients encrypt, and the server never looks inside; previews, content search and server-side mentions are off.
    /// It cannot be changed later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// What is allowed how often, and how large. Each limit has its own default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<LimitsSpec>,
}

/// Whether the server may read messages.
#[derive(Serialize, Deserialize, schemars::JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// The content is base64 of UTF-8 text; the server may show and search it.
    #[default]
    ServerReadable,
    /// Clients encrypt; the server never looks inside.
    EndToEnd,
}

impl ChatTenant {
    /// `<namespace>.<name>`: the id under which every row, token and event of this tenant is kept.
    ///
    /// A namespace holds no dot, so two tenants never share an id. No namespace means [`defaults::NAMESPACE`].
    pub fn tenant_id(&self) -> String {
        let namespace = self.metadata.namespace.as_deref().unwrap_or(defaults::NAMESPACE);
        format!("{namespace}.{}", self.metadata.name.as_deref().unwrap_or_default())
    }

    /// The host names that mean this tenant: its domain, and `api.` and `ws.` before it.
    pub fn hosts(&self) -> [String; 3] {
        let domain = &self.spec.domain;
        [domain.clone(), format!("api.{domain}"), format!("ws.{domain}")]
    }

    /// The tenant with every default filled in.
    pub fn resolved(&self) -> ResolvedTenant {
        ResolvedTenant::from(self)
    }
}
