//! Secrets that the operator makes: once, and never rewritten. Their metadata is kept in order like that of any object.

use std::collections::BTreeMap;

use aws_lc_rs::rand::fill;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use confab_desired::build::secret::{Generated, Recipe, redis_data};
use confab_desired::compare::differs;
use confab_desired::ownership::{is_ours, not_ours};
use confab_desired::reason::condition;
use confab_desired::{FIELD_MANAGER, Kind, Object, Reason, Stall};
use kube::Api;
use kube::api::{DynamicObject, PostParams};
use serde_json::Value;

use super::context::Context;
use super::failure::{Failure, refusal};
use crate::cluster::apply::{apply, find};
use crate::world::Key;
use crate::world::watch::resource;

/// Who owns the data of these Secrets: not the manager whose apply would drop what it does not repeat.
const DATA_MANAGER: &str = "confab-operator-generated";

/// Makes what is missing. `had_data`: the tenant has run before, so that a new master key would open nothing.
pub(super) async fn ensure(secrets: &[Generated], had_data: bool, context: &Context) -> Result<Option<Stall>, Failure> {
    for secret in secrets {
        let object = &secret.object;
        let key = Key { namespace: object.namespace().to_owned(), name: object.name.clone() };
        let found = find(&context.client, Kind::Secret, &key).await;
        let stall = match found.map_err(Failure::cluster(format!("read Secret {}", object.name)))? {
            None if had_data && secret.recipe == Recipe::MasterKey => Some(master_key_missing(&object.name)),
            None => make(secret, context).await?,
            Some(live) => settle(object, &live, context).await?,
        };
        if stall.is_some() {
            return Ok(stall);
        }
    }
    Ok(None)
}

fn master_key_missing(name: &str) -> Stall {
    let message = format!(
        "Secret {name} with the master key is gone, and the data were sealed with it; restore it from a backup. Pods that run still have it"
    );
    Stall::new(condition::REFERENCES, Reason::MasterKeyMissing, message)
}

/// Data and metadata are there; is it ours, and is its metadata as it should be?
async fn settle(object: &Object, live: &Value, context: &Context) -> Result<Option<Stall>, Failure> {
    if !is_ours(live, object) {
        return Ok(Some(not_ours(object)));
    }
    if !differs(&object.value, live, FIELD_MANAGER) {
        return Ok(None);
    }
    keep_in_order(object, context).await
}

async fn keep_in_order(object: &Object, context: &Context) -> Result<Option<Stall>, Failure> {
    match apply(&context.client, object).await {
        Ok(()) => Ok(None),
        Err(error) => match refusal(&error, condition::REFERENCES, &format!("Secret {}", object.name)) {
            Some(stall) => Ok(Some(stall)),
            None => Err(Failure::cluster(format!("apply Secret {}", object.name))(error)),
        },
    }
}

async fn make(secret: &Generated, context: &Context) -> Result<Option<Stall>, Failure> {
    let object = &secret.object;
    let api: Api<DynamicObject> =
        Api::namespaced_with(context.client.clone(), object.namespace(), &resource(Kind::Secret));
    let mut value = object.value.clone();
    // Owners follow the deletion policy: what this manager owned could not be dropped by the other any more.
    if let Some(metadata) = value["metadata"].as_object_mut() {
        metadata.remove("ownerReferences");
    }
    let encoded = data(&secret.recipe).into_iter().map(|(key, text)| (key, Value::from(STANDARD.encode(text))));
    value["data"] = Value::Object(encoded.collect());
    let made: DynamicObject = serde_json::from_value(value).expect("an object of ours is one");
    let how = PostParams { field_manager: Some(DATA_MANAGER.to_owned()), ..PostParams::default() };
    match api.create(&how, &made).await {
        Ok(_) => keep_in_order(object, context).await,
        // Made meanwhile, by whomever: it is looked at in the next try.
        Err(kube::Error::Api(status)) if status.code == 409 => {
            Err(Failure::cluster(format!("make Secret {}", object.name))(kube::Error::Api(status)))
        }
        Err(error) => match refusal(&error, condition::REFERENCES, &format!("Secret {}", object.name)) {
            Some(stall) => Ok(Some(stall)),
            None => Err(Failure::cluster(format!("make Secret {}", object.name))(error)),
        },
    }
}

/// The random part.
fn data(recipe: &Recipe) -> BTreeMap<String, String> {
    match recipe {
        Recipe::MasterKey => BTreeMap::from([("master.key".to_owned(), STANDARD.encode(random()))]),
        Recipe::Redis { host } => redis_data(host, &URL_SAFE_NO_PAD.encode(random())),
        Recipe::AdminTls { names } => {
            let made = rcgen::generate_simple_self_signed(names.clone()).expect("DNS names make a certificate");
            BTreeMap::from([
                ("tls.crt".to_owned(), made.cert.pem()),
                ("tls.key".to_owned(), made.signing_key.serialize_pem()),
            ])
        }
    }
}

fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}
