//! The operator's own key pair, kept in a Secret beside it: made once, never rewritten.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use confab_contract::admin::token::OperatorKey;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};
use secrecy::ExposeSecret as _;

/// Name of the Secret.
pub const SECRET: &str = "confab-operator-key";
/// Its key: PKCS#8, DER.
const ENTRY: &str = "ed25519.pk8";

/// Reads the key, and makes it before if it is not there. Two operators that start at once get the same one.
pub async fn load_or_make(client: &Client, namespace: &str) -> anyhow::Result<OperatorKey> {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
    for _ in 0..2 {
        if let Some(found) = secrets.get_opt(SECRET).await.context("the operator's key cannot be read")? {
            return read(&found);
        }
        match secrets.create(&PostParams::default(), &make()).await {
            Ok(made) => return read(&made),
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            Err(error) => return Err(error).context("the operator's key cannot be kept"),
        }
    }
    bail!("Secret {SECRET} in namespace {namespace} comes and goes");
}

fn read(secret: &Secret) -> anyhow::Result<OperatorKey> {
    let bytes = secret.data.as_ref().and_then(|data| data.get(ENTRY));
    let bytes = bytes.with_context(|| format!("Secret {SECRET} has no {ENTRY}; delete it, and it is made anew"))?;
    OperatorKey::from_pkcs8(&bytes.0).with_context(|| format!("{ENTRY} in Secret {SECRET}"))
}

fn make() -> Secret {
    let key = ByteString(OperatorKey::generate().expose_secret().to_vec());
    let labels = [("app.kubernetes.io/name", "confab-operator"), ("app.kubernetes.io/part-of", "confab")];
    Secret {
        metadata: ObjectMeta {
            name: Some(SECRET.to_owned()),
            labels: Some(labels.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()),
            ..ObjectMeta::default()
        },
        data: Some(BTreeMap::from([(ENTRY.to_owned(), key)])),
        type_: Some("Opaque".to_owned()),
        ..Secret::default()
    }
}
