//! What a tenant refers to, as it was found.

use crate::endpoint::Endpoint;

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
    /// For rendering without a cluster: whatever the spec names is taken to be there.
    pub fn assumed() -> Self {
        let server = |port| Entry::Server(Endpoint { host: String::new(), port });
        Self { database: server(5432), redis: server(6379), gateway_tls: Entry::There }
    }
}
