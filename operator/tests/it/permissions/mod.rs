//! The shipped roles are exactly what the operator needs: it does everything that it can do, on a server that writes every request
//! down, as an account with those roles.

mod audit;
mod tour;

use confab_desired::delivery::NAMESPACE;
use confab_desired::delivery::roles;
use confab_desired::permissions::{KEY_SECRET, LEASE, Permission, table};
use confab_operator::admin::key;
use confab_operator::config::OperatorConfig;
use confab_testbed::kubernetes::{ApiServer, Options};
use kube::Client;
use serde_json::{Value, json};

use crate::account;
use crate::kinds;
use crate::lab::{apply_definitions, config_of, eventually};

#[test]
fn the_names_in_the_table_are_those_that_the_operator_uses() {
    assert_eq!(OperatorConfig::default().election.lease, LEASE);
    assert_eq!(key::SECRET, KEY_SECRET);
}

#[tokio::test]
async fn a_tour_of_everything_needs_each_right_of_the_cluster_wide_roles_and_no_other() {
    let (server, admin) = server().await;
    let operator = account::operator(&server, &admin, NAMESPACE, &[]).await;
    tour::play(&server, admin, operator, &[]).await;
    judge(&server);
}

#[tokio::test]
async fn a_tour_of_everything_needs_each_right_of_the_roles_of_single_namespaces_and_no_other() {
    let (server, admin) = server().await;
    let operator = account::operator(&server, &admin, NAMESPACE, &tour::NAMESPACES).await;
    tour::play(&server, admin, operator, &tour::NAMESPACES).await;
    judge(&server);
}

/// Records requests, and asks for the rights that only a stricter cluster asks for.
async fn server() -> (ApiServer, Client) {
    let strict = "--enable-admission-plugins=OwnerReferencesPermissionEnforcement".to_owned();
    let options = Options { audit: true, flags: vec![strict], ..Options::default() };
    let server = ApiServer::start_with(options).await.expect("an API server");
    kinds::install(&server);
    apply_definitions(&server);
    let admin = Client::try_from(config_of(server.kubeconfig()).await).expect("a client");
    let namespaces: Vec<Value> = [NAMESPACE].into_iter().chain(tour::NAMESPACES).map(tour::namespace).collect();
    account::apply(&admin, &namespaces).await;
    (server, admin)
}

fn judge(server: &ApiServer) {
    let user = format!("system:serviceaccount:{NAMESPACE}:{}", roles::NAME);
    let verdict = audit::judge(&audit::requests(server, &user), NAMESPACE);
    assert!(verdict.problems.is_empty(), "{:#?}", verdict.problems);
    let unused: Vec<_> = verdict.unused.into_iter().filter(|right| !is_asked_for_by_a_plugin(right)).collect();
    assert!(unused.is_empty(), "in the table and never used: {unused:#?}");
}

/// Rights that no request names; the test below shows that they are needed.
fn is_asked_for_by_a_plugin((line, verb): &(Permission, &'static str)) -> bool {
    match line.resource {
        "chattenants/finalizers" => *verb == "update",
        "secrets" | "persistentvolumeclaims" | "clusters" => *verb == "delete",
        _ => false,
    }
}

#[tokio::test]
async fn owner_references_need_the_rights_that_an_admission_plugin_asks_for() {
    let (server, admin) = server().await;
    let namespace = tour::NAMESPACES[0];
    let kept = [json!({
        "apiVersion": "confab.dev/v1alpha1", "kind": "ChatTenant",
        "metadata": {"name": "owner", "namespace": namespace}, "spec": {"domain": "owner.example.com"},
    })];
    account::apply(&admin, &kept).await;
    let data = [
        json!({"apiVersion": "v1", "kind": "Secret"}),
        json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        }),
        json!({"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster"}),
    ];
    let data = data.map(|mut object| {
        object["metadata"] = json!({"name": "data", "namespace": namespace});
        object
    });
    account::apply(&admin, &data).await;
    account::operator(&server, &admin, NAMESPACE, &[namespace]).await;
    less(&admin, namespace, "no-delete", |line, verb| line.resource != "chattenants/finalizers" && *verb == "delete")
        .await;
    less(&admin, namespace, "no-finalizers", |line, _| line.resource == "chattenants/finalizers").await;

    let uid = tour::uid(&server, namespace, "chattenant/owner");
    for resource in ["secret", "persistentvolumeclaim", "clusters.postgresql.cnpg.io"] {
        let own = |account: &str| tour::own(&server, account, namespace, resource, &uid);
        let whole = eventually(async || own(roles::NAME).is_ok()).await;
        assert!(whole, "{resource}: {:?}", own(roles::NAME));
        let refused = own("no-delete").expect_err("refused");
        assert!(refused.contains("cannot set an ownerRef on a resource you can't delete"), "{resource}: {refused}");
        let refused = own("no-finalizers").expect_err("refused");
        assert!(refused.contains("cannot set blockOwnerDeletion"), "{resource}: {refused}");
    }
}

/// An account with the shipped role, less some rights.
async fn less(admin: &Client, namespace: &str, name: &str, without: impl Fn(&Permission, &&'static str) -> bool) {
    let mut documents = account::documents(&roles::namespace(Some(namespace), NAMESPACE));
    let rules: Vec<Value> = table()
        .into_iter()
        .map(|line| {
            let verbs: Vec<_> = line.verbs.iter().filter(|verb| !without(&line, verb)).collect();
            json!({"apiGroups": [line.group], "resources": [line.resource], "verbs": verbs})
        })
        .filter(|rule| rule["verbs"] != json!([]))
        .collect();
    documents[0]["rules"] = json!(rules);
    documents[1]["roleRef"]["name"] = name.into();
    documents[1]["subjects"][0]["name"] = name.into();
    for document in &mut documents {
        document["metadata"]["name"] = name.into();
    }
    account::apply(admin, &documents).await;
}
