//! What a tenant's users may do how often, and how large.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::schema::plain_properties;

/// What is allowed how often, and how large.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct LimitsSpec {
    /// Requests to register, log in, refresh and log out: per address and per account. Default: 5 in 60 seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication: Option<RateLimit>,
    /// All other requests, per user. Default: 1000 in 3600 seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regular: Option<RateLimit>,
    /// File uploads, per user. Default: 100 in 3600 seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uploads: Option<RateLimit>,
    /// Frames that a user sends over WebSocket, over all connections together. Default: 100 in 60 seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub websocket: Option<RateLimit>,
    /// Members that a group may have. Default: 256.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 1000))]
    pub group_members: Option<u32>,
    /// Bytes that the content of a message may have, after base64 is decoded. Default: 49152 (48 KiB).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 131_072))]
    pub message_bytes: Option<u32>,
    /// Bytes that the metadata of a message may have, as JSON. Default: 8192 (8 KiB).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 32_768))]
    pub metadata_bytes: Option<u32>,
    /// WebSocket connections that a user may hold at one time, on one process. Default: 20.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub connections_per_user: Option<u32>,
}

/// So many in so long. A field that is left out keeps the default of its limit.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct RateLimit {
    /// How many are allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub requests: Option<u32>,
    /// In how many seconds, at most a day. The window begins with the first request in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400))]
    pub per_seconds: Option<u32>,
}
