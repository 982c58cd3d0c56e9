//! Secrets that the operator makes.

use super::wanted;
use crate::build::secret::{Recipe, admin_service};
use crate::fixture::{ALONE, EMBEDDED, HOST, SHAPES};

#[test]
fn each_tenant_has_a_master_key_and_a_certificate_and_a_managed_redis_its_password() {
    let names =
        |spec| wanted(spec).secrets.into_iter().map(|secret| (secret.object.name, secret.recipe)).collect::<Vec<_>>();
    let tls = |role: &str| Recipe::AdminTls {
        names: vec![format!("demo-{role}.chat.svc.cluster.local"), format!("demo-{role}.chat.svc")],
    };
    let [key, certificate, redis] = ["demo-master-key", "demo-admin-tls", "demo-redis"].map(str::to_owned);
    assert_eq!(names(ALONE), [(key.clone(), Recipe::MasterKey), (certificate.clone(), tls("messaging"))]);
    assert_eq!(names(EMBEDDED), [(key.clone(), Recipe::MasterKey), (certificate.clone(), tls("serve"))]);
    let host = Recipe::Redis { host: "demo-redis".to_owned() };
    assert_eq!(names(HOST), [(key, Recipe::MasterKey), (certificate, tls("messaging")), (redis, host)]);
}

#[test]
fn they_are_wanted_without_data_and_with_the_labels_of_all() {
    for (shape, spec) in SHAPES {
        for secret in wanted(spec).secrets {
            let members: Vec<&String> = secret.object.value.as_object().expect("an object").keys().collect();
            assert_eq!(members, ["apiVersion", "kind", "metadata", "type"], "{shape}");
            assert_eq!(secret.object.value["metadata"]["labels"]["app.kubernetes.io/managed-by"], "confab-operator");
        }
    }
}

#[test]
fn the_operator_finds_the_admin_listener_by_a_name_that_its_certificate_holds_for() {
    for (spec, embedded) in [(ALONE, false), (EMBEDDED, true)] {
        let (name, certificate) = admin_service("chat", "demo", embedded, "cluster.local");
        let secrets = wanted(spec).secrets;
        let secret = secrets.iter().find(|secret| secret.object.name == certificate).expect("the certificate");
        assert!(matches!(&secret.recipe, Recipe::AdminTls { names } if names.contains(&name)));
    }
}
