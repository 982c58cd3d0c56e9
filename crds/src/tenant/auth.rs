//! Accounts, tokens, and which web pages may use them.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules;
use crate::schema::plain_properties;

/// An origin as a browser sends it, or `*`.
pub(crate) const ORIGIN: &str = r"^([*]|https?://([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*|\[[0-9a-f:]+\])(:[0-9]{1,5})?)$";
/// Longest origin: scheme, DNS name, port.
const ORIGIN_CHARS: usize = 267;

/// Accounts, tokens and the web pages that may use them.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[x_kube(validation = rules::auth::refresh_outlives_access())]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct AuthSpec {
    /// Whether strangers may make accounts. `Open` (default): anyone may register. `Closed`: registration answers 403.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration: Option<Registration>,
    /// Seconds that an access token lives, from a minute to a day. Default: 3600. A revoked session ends at once
    /// whatever this says; a short life limits what a stolen token is worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 60, max = 86_400))]
    pub access_token_seconds: Option<u32>,
    /// Days that a session lives without being used. Default: 30. Each refresh starts them anew. It must be longer than
    /// the life of an access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 365))]
    pub refresh_token_days: Option<u32>,
    /// Web origins whose pages may call the API and open sockets from a browser, such as `https://app.example.com` or
    /// `http://localhost:5173`: scheme, host in lower case, and port if it is not the usual one. Default: none, so only
    /// pages that the tenant's own host serves. A single `*` allows every page. Programs that are no browser are not
    /// affected.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), inner(length(max = ORIGIN_CHARS), regex(pattern = ORIGIN)))]
    #[x_kube(merge_strategy = ListMerge::Set, validation = rules::auth::any_origin_stands_alone())]
    pub allowed_origins: Option<Vec<String>>,
}

/// Whether strangers may make accounts.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Registration {
    /// Anyone may register.
    #[default]
    Open,
    /// Registration answers 403.
    Closed,
}
