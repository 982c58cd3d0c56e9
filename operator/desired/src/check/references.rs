//! What a tenant refers to, as it was found.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use confab_crds::tenant::resolved::{
    Database, ResolvedRedis, ResolvedRoute, ResolvedSecret, ResolvedTenant, ResolvedTls,
};
use serde_json::Value;

use crate::endpoint::{self, Endpoint, EndpointProblem};
use crate::names::Names;

/// An entry of a Secret, as far as it may be known: never its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// There is no such Secret.
    NoSecret,
    /// The Secret lacks the key; it has these.
    NoKey(Vec<String>),
    /// The value is not what it should be.
    Invalid(String),
    /// The address of a server.
    Server(Endpoint),
    /// It is there; what it holds is nobody's business.
    There,
}

/// Everything that a tenant with pods of its own refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct References {
    /// The URL of the database: `postgres.secretRef`, or what CloudNativePG wrote.
    pub database: Entry,
    /// `redis.secretRef`.
    pub redis: Entry,
    /// `gateway.ingress.tls.secretName`.
    pub gateway_tls: Entry,
}

impl References {
    /// For rendering without a cluster: whatever the spec names is taken to be there, and servers to listen at their usual
    /// ports.
    pub fn assumed() -> Self {
        let server = |port| Entry::Server(Endpoint { host: String::new(), port });
        Self { database: server(5432), redis: server(6379), gateway_tls: Entry::There }
    }

    /// Names of the Secrets that the spec refers to, all in the tenant's own namespace.
    pub fn secrets(tenant: &ResolvedTenant) -> BTreeSet<String> {
        let named = Named::of(tenant);
        let urls = [named.database, named.redis].into_iter().flatten().map(|secret| secret.name);
        urls.chain(named.certificate).collect()
    }

    /// From those of these Secrets that exist, by name, as the API server gives them. What the spec does not name is assumed.
    pub fn found<V: AsRef<Value>>(tenant: &ResolvedTenant, secrets: &BTreeMap<String, V>) -> Self {
        let (named, mut found) = (Named::of(tenant), Self::assumed());
        let data = |name: &str| secrets.get(name).map(|secret| &secret.as_ref()["data"]);
        if let Some(ResolvedSecret { name, key }) = &named.database {
            found.database = server(data(name), key, endpoint::postgres);
        }
        if let Some(ResolvedSecret { name, key }) = &named.redis {
            found.redis = server(data(name), key, endpoint::redis);
        }
        if let Some(name) = &named.certificate {
            found.gateway_tls = certificate(data(name));
        }
        found
    }
}

/// What the spec names.
struct Named {
    database: Option<ResolvedSecret>,
    redis: Option<ResolvedSecret>,
    certificate: Option<String>,
}

impl Named {
    fn of(tenant: &ResolvedTenant) -> Self {
        let Some(pods) = tenant.placement.dedicated() else {
            return Self { database: None, redis: None, certificate: None };
        };
        let database = match &pods.database {
            Database::Embedded(_) => None,
            Database::Postgres(postgres) => Some(postgres.url.clone()),
            Database::CloudNativePg(_) => Some(Names::new(&tenant.name).database_url()),
        };
        let redis = match &pods.redis {
            Some(ResolvedRedis::Url(url)) => Some(url.clone()),
            _ => None,
        };
        let certificate = match pods.gateway.as_ref().map(|gateway| &gateway.route) {
            Some(ResolvedRoute::Ingress(ingress)) => match &ingress.tls {
                Some(ResolvedTls::Secret(name)) => Some(name.clone()),
                _ => None,
            },
            _ => None,
        };
        Self { database, redis, certificate }
    }
}

fn server(data: Option<&Value>, key: &str, parse: fn(&str) -> Result<Endpoint, EndpointProblem>) -> Entry {
    let Some(data) = data else { return Entry::NoSecret };
    let Some(encoded) = data[key].as_str() else { return Entry::NoKey(keys(data)) };
    let text = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    match parse(&text) {
        Ok(endpoint) => Entry::Server(endpoint),
        Err(problem) => Entry::Invalid(problem.to_string()),
    }
}

fn certificate(data: Option<&Value>) -> Entry {
    let Some(data) = data else { return Entry::NoSecret };
    let both = ["tls.crt", "tls.key"].into_iter().all(|key| data[key].is_string());
    if both { Entry::There } else { Entry::NoKey(keys(data)) }
}

fn keys(data: &Value) -> Vec<String> {
    data.as_object().map(|data| data.keys().cloned().collect()).unwrap_or_default()
}
