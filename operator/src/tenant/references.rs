//! Reads what the spec refers to: single Secrets of the tenant's own namespace, by name. Values stay here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use confab_crds::tenant::resolved::{
    Database, ResolvedRedis, ResolvedRoute, ResolvedSecret, ResolvedTenant, ResolvedTls,
};
use confab_desired::check::Entry;
use confab_desired::endpoint::{self, Endpoint, EndpointProblem};
use confab_desired::{Kind, Names, References};
use serde_json::Value;

use super::context::Context;
use super::failure::Failure;
use crate::cluster::apply::find;
use crate::world::Key;

type Parse = fn(&str) -> Result<Endpoint, EndpointProblem>;

/// Gathers everything that a tenant with pods of its own refers to.
pub(super) async fn gather(tenant: &ResolvedTenant, context: &Context) -> Result<References, Failure> {
    let mut references = References::assumed();
    let Some(pods) = tenant.placement.dedicated() else { return Ok(references) };
    let reader = Reader { namespace: &tenant.namespace, context };
    references.database = match &pods.database {
        Database::Embedded(_) => Entry::There,
        Database::Postgres(postgres) => reader.server(&postgres.url, endpoint::postgres).await?,
        Database::CloudNativePg(_) => {
            let url = ResolvedSecret { name: Names::new(&tenant.name).database_secret(), key: "uri".to_owned() };
            reader.server(&url, endpoint::postgres).await?
        }
    };
    if let Some(ResolvedRedis::Url(url)) = &pods.redis {
        references.redis = reader.server(url, endpoint::redis).await?;
    }
    if let Some(ResolvedRoute::Ingress(ingress)) = pods.gateway.as_ref().map(|gateway| &gateway.route)
        && let Some(ResolvedTls::Secret(name)) = &ingress.tls
    {
        references.gateway_tls = reader.certificate(name).await?;
    }
    Ok(references)
}

struct Reader<'a> {
    namespace: &'a str,
    context: &'a Context,
}

impl Reader<'_> {
    async fn server(&self, secret: &ResolvedSecret, parse: Parse) -> Result<Entry, Failure> {
        let Some(found) = self.secret(&secret.name).await? else { return Ok(Entry::NoSecret) };
        Ok(server_in(&found["data"], &secret.key, parse))
    }

    async fn certificate(&self, name: &str) -> Result<Entry, Failure> {
        let Some(found) = self.secret(name).await? else { return Ok(Entry::NoSecret) };
        let has = |key: &str| found["data"][key].is_string();
        Ok(if has("tls.crt") && has("tls.key") { Entry::There } else { Entry::NoKey(keys(&found["data"])) })
    }

    async fn secret(&self, name: &str) -> Result<Option<std::sync::Arc<Value>>, Failure> {
        let key = Key { namespace: self.namespace.to_owned(), name: name.to_owned() };
        find(&self.context.client, Kind::Secret, &key).await.map_err(Failure::cluster(format!("read Secret {name}")))
    }
}

fn server_in(data: &Value, key: &str, parse: Parse) -> Entry {
    let Some(encoded) = data[key].as_str() else { return Entry::NoKey(keys(data)) };
    let text = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    match parse(&text) {
        Ok(endpoint) => Entry::Server(endpoint),
        Err(problem) => Entry::Invalid(problem.to_string()),
    }
}

fn keys(data: &Value) -> Vec<String> {
    data.as_object().map(|data| data.keys().cloned().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_is_missing_wrong_or_the_address_of_a_server_and_its_value_is_never_repeated() {
        let encoded = |text: &str| STANDARD.encode(text);
        let data = json!({
            "good": encoded("postgres://u:p@db:6000/chat"),
            "other": encoded("redis://:canary@x"),
            "binary": "////",
            "broken": "canary, no base64",
        });
        let entry = |key: &str| server_in(&data, key, endpoint::postgres);
        assert_eq!(entry("good"), Entry::Server(Endpoint { host: "db".to_owned(), port: 6000 }));
        assert!(matches!(entry("absent"), Entry::NoKey(keys) if keys == ["binary", "broken", "good", "other"]));
        for key in ["other", "binary", "broken"] {
            let Entry::Invalid(problem) = entry(key) else { panic!("{key}") };
            assert!(!problem.contains("canary"), "{problem}");
        }
        assert_eq!(server_in(&Value::Null, "x", endpoint::postgres), Entry::NoKey(Vec::new()));
    }
}
