//! The account that operators of tests run as: it may do what the shipped roles allow, and nothing else.

use confab_crds::ChatTenant;
use confab_desired::delivery::roles;
use confab_testbed::kubernetes::{ApiServer, Identity};
use kube::api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams, TypeMeta};
use kube::core::GroupVersionKind;
use kube::{Api, Client, Config};
use serde::Deserialize as _;
use serde_json::Value;

use crate::lab::{config_of, eventually};

/// How an operator that lives in `own` reaches the server, looking after these namespaces, or after all if none is named.
pub async fn operator(server: &ApiServer, admin: &Client, own: &str, watched: &[&str]) -> Config {
    let mut roles = vec![roles::own(own)];
    if watched.is_empty() {
        roles.push(roles::everywhere(own));
    }
    roles.extend(watched.iter().map(|namespace| roles::namespace(Some(namespace), own)));
    apply(admin, &documents(&roles.join("---\n"))).await;
    let config = config_of(identity(server, own, roles::NAME).kubeconfig()).await;
    let client = Client::try_from(config.clone()).expect("a client");
    let apis: Vec<Api<ChatTenant>> = match watched {
        [] => vec![Api::all(client)],
        namespaces => namespaces.iter().map(|namespace| Api::namespaced(client.clone(), namespace)).collect(),
    };
    // The server learns of new roles a moment after it has stored them.
    for api in apis {
        let allowed = eventually(async || api.list(&ListParams::default().limit(1)).await.is_ok());
        assert!(allowed.await, "the roles do not work");
    }
    config
}

/// A ServiceAccount, by a certificate of its name.
pub fn identity(server: &ApiServer, namespace: &str, name: &str) -> Identity {
    server.user(&format!("system:serviceaccount:{namespace}:{name}"), None).expect("a certificate")
}

/// The documents of a YAML text.
pub fn documents(text: &str) -> Vec<Value> {
    let documents =
        yaml_serde::Deserializer::from_str(text).map(|document| Value::deserialize(document).expect("YAML"));
    documents.filter(|document| !document.is_null()).collect()
}

/// Applies objects of built-in kinds, as `kubectl apply --server-side` does.
pub async fn apply(client: &Client, objects: &[Value]) {
    for object in objects {
        let types: TypeMeta = serde_json::from_value(object.clone()).expect("apiVersion and kind");
        let kind = GroupVersionKind::try_from(&types).expect("a kind");
        let resource = ApiResource::from_gvk(&kind);
        let name = object["metadata"]["name"].as_str().expect("a name");
        let api: Api<DynamicObject> = match object["metadata"]["namespace"].as_str() {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
            None => Api::all_with(client.clone(), &resource),
        };
        let how = PatchParams::apply("kubectl").force();
        api.patch(name, &how, &Patch::Apply(object)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
