//! `ChatTenant`: one chat service with its own domain, accounts and limits.
//!
//! A spec is a struct of optional members, with CEL rules for what goes together. Nobody but [`resolved`] reads it:
//! [`ChatTenant::resolved`] gives the same tenant with every default filled in and every choice made.
//!
//! Read in this order: this file, `placement`, `database`, `workload`, `gateway`, `status`; then `rules` and [`resolved`].

mod auth;
mod database;
pub mod defaults;
mod files;
mod gateway;
mod lifecycle;
mod limits;
mod mail;
mod placement;
mod push;
mod reference;
pub mod resolved;
mod rules;
mod scheduling;
mod selector;
mod status;
mod storage;
mod workload;

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

pub use auth::{AuthSpec, Registration};
pub use database::{CloudNativePgDatabase, DatabaseSpec, EmbeddedDatabase, ManagedRedis, PostgresDatabase, RedisSpec};
pub use files::{FilesSpec, S3CredentialsRef, S3Spec};
pub use gateway::{
    CertManagerSpec, GatewayPeers, GatewaySpec, HttpRouteSpec, IngressSpec, IssuerKind, IssuerRef, ParentRef, TlsSpec,
};
pub use lifecycle::{DeletionPolicy, UpdateStrategy};
pub use limits::{LimitsSpec, RateLimit};
pub use mail::{MailSpec, SmtpCredentialsRef, SmtpSpec, SmtpTls};
pub use placement::{AllowedNamespaces, AllowedTenants, NamespacesFrom, Placement, PlacementMode};
pub use push::{
    ApnsEnvironment, ApnsKeySecretRef, ApnsSpec, FcmSpec, PushSpec, ServiceAccountSecretRef, VapidSecretRef,
    WebPushSpec,
};
pub use reference::{ObjectRef, SecretRef};
pub use resolved::{Database, ResolvedAuth, ResolvedLimits, ResolvedRate, ResolvedSecret, ResolvedTenant};
pub use scheduling::{SchedulingSpec, TaintEffect, TolerationOperator, TolerationSpec, TopologySpread};
pub use selector::{LabelOperator, LabelRequirement, LabelSelector};
pub use status::{ChatTenantStatus, PodCounts, VersionStatus};
pub use storage::{Quantity, StorageSpec};
pub use workload::{ReplicasSpec, RequestsSpec, ResourceLimitsSpec, ResourcesSpec, WorkloadSpec};

pub(crate) use auth::ORIGIN;
pub(crate) use files::{BUCKET, HTTPS_URL, PREFIX, REGION};
pub(crate) use gateway::{HOST_PATTERN, NETWORK};
pub(crate) use mail::MAILBOX;
pub(crate) use push::{APPLE_ID, BUNDLE_ID, CONTACT};
pub(crate) use reference::SECRET_KEY;
pub(crate) use selector::{LABEL_KEY, LABEL_VALUE};
pub(crate) use storage::{QUANTITY, VOLUME_SIZE};

use crate::schema::plain_properties;

/// Longest domain: with `api.` before it, it is still a DNS name.
pub const DOMAIN_CHARS: usize = 249;
/// Longest name of a tenant: what is made for it adds to the name, and a label holds 63 characters.
pub const NAME_CHARS: usize = 40;
/// A DNS name in lower case.
pub(crate) const DNS_NAME: &str = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$";
/// A DNS label: what a namespace is named by.
pub(crate) const DNS_LABEL: &str = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$";

/// What the tenant is to be.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
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
    validation = rules::identity::name_leaves_room(),
    scale(
        spec_replicas_path = ".spec.replicas",
        status_replicas_path = ".status.replicas",
        label_selector_path = ".status.selector"
    ),
    selectable = ".spec.domain",
    selectable = ".spec.placement.mode",
    printcolumn(
        name = "Placement",
        type_ = "string",
        json_path = ".status.placement",
        description = "Shared or Dedicated"
    ),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.ready",
        description = "Pods that are ready, of those that are wanted"
    ),
    printcolumn(name = "Domain", type_ = "string", json_path = ".spec.domain", description = "Where the tenant answers"),
    printcolumn(
        name = "Status",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason",
        description = "Why the tenant can or cannot be used"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "Database",
        type_ = "string",
        json_path = ".status.database",
        priority = 1,
        description = "What the tenant is stored in"
    ),
    printcolumn(
        name = "Host",
        type_ = "string",
        json_path = ".status.host",
        priority = 1,
        description = "The host that serves a Shared tenant"
    ),
    printcolumn(
        name = "Version",
        type_ = "string",
        json_path = ".status.version.running",
        priority = 1,
        description = "The version of Confab that runs"
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].message",
        priority = 1,
        description = "What to know or do"
    )
)]
#[x_kube(
    validation = rules::identity::encryption_stays(),
    validation = rules::placement::placement_stays(),
    validation = rules::placement::host_stays(),
    validation = rules::placement::needs_dedicated("allowedTenants"),
    validation = rules::placement::needs_dedicated("database"),
    validation = rules::placement::needs_dedicated("redis"),
    validation = rules::placement::needs_dedicated("replicas"),
    validation = rules::placement::needs_dedicated("messaging"),
    validation = rules::placement::needs_dedicated("presence"),
    validation = rules::placement::needs_dedicated("gateway"),
    validation = rules::placement::needs_dedicated("updateStrategy"),
    validation = rules::backing::volume_needs_dedicated(),
    validation = rules::backing::database_stays(),
    validation = rules::backing::redis_needs_replicas(),
    validation = rules::storage::size_never_shrinks(rules::storage::Volume::Embedded),
    validation = rules::storage::size_never_shrinks(rules::storage::Volume::CloudNativePg),
    validation = rules::storage::size_never_shrinks(rules::storage::Volume::Files),
    validation = rules::storage::class_stays(rules::storage::Volume::Embedded),
    validation = rules::storage::class_stays(rules::storage::Volume::CloudNativePg),
    validation = rules::storage::class_stays(rules::storage::Volume::Files),
    validation = rules::workload::replicas_need_redis(),
    validation = rules::workload::own_replicas_need_redis("messaging"),
    validation = rules::workload::own_replicas_need_redis("presence"),
    validation = rules::workload::embedded_is_one_process(),
    validation = rules::gateway::guest_domains_are_for_hosts()
)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct ChatTenantSpec {
    /// The DNS name under which the tenant is reached, in lower case and without a port, such as `chat.example.com`.
    /// The API answers at this name and at `api.<domain>`, the WebSocket also at `ws.<domain>`. `localhost` and names
    /// below it, such as `acme.localhost`, need no DNS. The domain is part of every token that the tenant issues, so it
    /// cannot be changed later.
    #[schemars(length(min = 1, max = DOMAIN_CHARS), regex(pattern = DNS_NAME))]
    #[x_kube(validation = rules::identity::domain_is_no_address(), validation = rules::identity::domain_stays())]
    pub domain: String,
    /// Where the tenant's workloads run. Default: in pods shared with other tenants. `confab up` is one process and
    /// ignores it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
    /// Makes this tenant a host, and says which tenants it serves as guests. Only with `placement.mode: Dedicated`.
    /// Default: none, so that the pods serve this tenant alone. Write `allowedTenants: {}` for guests of the same
    /// namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_tenants: Option<AllowedTenants>,
    /// Where accounts and messages are stored. Only with `placement.mode: Dedicated`; a Shared tenant is stored in the
    /// database of its host. Default: `embedded`. Which of the variants it is cannot be changed later. For `confab up`
    /// the option `--database-url` decides, and without it the database is embedded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseSpec>,
    /// The Redis that carries wake-ups and shared rate limits between several replicas. Only with `placement.mode:
    /// Dedicated`, and not with an embedded database. Default: none, which means one replica. For `confab up` the option
    /// `--redis-url` decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<RedisSpec>,
    /// Where uploaded files are kept. Default: nowhere, so that no file can be sent. No program of this
    /// version reads it yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<FilesSpec>,
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
    /// How the tenant sends mail, for forgotten passwords. Default: not at all. No program of this
    /// version reads it yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailSpec>,
    /// How people are told of messages while they have no socket open. Default: not at all. No program of this
    /// version reads it yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push: Option<PushSpec>,
    /// The CallCluster that carries the tenant's calls. Default: none, so that there are no calls. No program of this
    /// version reads it yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_cluster_ref: Option<ObjectRef>,
    /// The AIModelPool that answers the tenant's assistants. Default: none, so that there are no assistants. No program of this
    /// version reads it yet.
    #[serde(rename = "aiModelPoolRef", skip_serializing_if = "Option::is_none")]
    pub ai_model_pool_ref: Option<ObjectRef>,
    /// Pods of messaging and pods of presence, each, 1 to 100; what `kubectl scale` sets. Only with `placement.mode:
    /// Dedicated`. Default: 2 with redis and 1 without. More than 1 needs redis.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 100))]
    #[x_kube(validation = rules::workload::nothing_is_hibernated())]
    pub replicas: Option<i32>,
    /// The pods that answer the REST API; with an embedded database, the single process, which also holds the sockets.
    /// Only with `placement.mode: Dedicated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messaging: Option<WorkloadSpec>,
    /// The pods that hold the sockets. Only with `placement.mode: Dedicated`, and not with an embedded database, where
    /// `messaging` is the single process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence: Option<WorkloadSpec>,
    /// How requests from outside the cluster reach the pods. Only with `placement.mode: Dedicated`; a Shared tenant is
    /// reached through its host's. Default: none, so that only the cluster reaches the Services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<GatewaySpec>,
    /// Whether a new version of the operator restarts the pods with its own version. `Manual` (default): only when
    /// somebody asks for it; `status.version` says that an update waits. `Auto`: by itself, pod after pod. Only with
    /// `placement.mode: Dedicated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_strategy: Option<UpdateStrategy>,
    /// Whether the tenant sleeps: its data stay, nothing runs for it, and clients are answered 503. Default: false. A
    /// host that sleeps takes its guests with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hibernated: Option<bool>,
    /// Whether the operator leaves everything of this tenant as it is, so that somebody can work on it by hand.
    /// Default: false. What runs goes on running. A deletion is still carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
    /// What a deletion of the resource leaves. `Retain` (default): the data stay, and `status.retained` names what and
    /// where. `Delete`: volumes, rows and Secrets that the operator made go too, for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
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
