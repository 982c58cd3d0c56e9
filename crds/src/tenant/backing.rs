//! Where a tenant runs, and what it runs on.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DNS_NAME, rules};
use crate::schema::plain_properties;

/// What Kubernetes accepts as a key of a Secret.
pub(crate) const SECRET_KEY: &str = "^[-._a-zA-Z0-9]+$";
/// Longest name of a Secret, and of a key in it.
const SECRET_CHARS: usize = 253;

/// Where the tenant's workloads run.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct Placement {
    /// `Shared` (default): the tenant is rows in the database of a host that serves many tenants, and costs no pod.
    /// `Dedicated`: the tenant has pods, policies and secrets of its own, in its own namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<PlacementMode>,
}

/// Whether a tenant has pods of its own.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlacementMode {
    /// A guest in the pods of a host.
    #[default]
    Shared,
    /// Pods of its own.
    Dedicated,
}

/// Where accounts and messages are stored: exactly one of the variants.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[x_kube(validation = rules::one_database())]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseSpec {
    /// SQLite in the process itself, in its data folder or on a volume. It has one writer, so the tenant is served by a
    /// single process that holds REST and WebSocket. Write `embedded: {}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedded: Option<EmbeddedDatabase>,
    /// A PostgreSQL that exists already. Only with `placement.mode: Dedicated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postgres: Option<PostgresDatabase>,
}

/// SQLite in the process itself. It has no settings yet.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct EmbeddedDatabase {}

/// A PostgreSQL that exists already.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct PostgresDatabase {
    /// The Secret with the connection URL, `postgres://user:password@host/database`.
    pub secret_ref: SecretRef,
}

/// The Redis that carries wake-ups between replicas.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct RedisSpec {
    /// The Secret with the connection URL, `redis://:password@host:6379` or `rediss://…`.
    pub secret_ref: SecretRef,
}

/// One entry of a Secret in the tenant's own namespace.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct SecretRef {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = SECRET_CHARS), regex(pattern = DNS_NAME))]
    pub name: String,
    /// Key of the entry that holds the URL. Default: `uri`, as CloudNativePG writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = SECRET_CHARS), regex(pattern = SECRET_KEY))]
    pub key: Option<String>,
}
