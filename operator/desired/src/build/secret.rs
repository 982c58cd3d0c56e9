//! Secrets that the operator makes: once, from the system's randomness, and never again.
//!
//! This module only says which there are and what goes into each; whoever has randomness fills them in.

use std::collections::BTreeMap;

use super::{api_role, fate_of_data, redis};
use crate::check::{Bus, Dedicated};
use crate::kind::Kind;
use crate::names::{Names, Role};
use crate::object::{Fate, Object};
use crate::settings::Settings;
use serde_json::json;

/// A Secret that is made once.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// Its metadata, and no data yet.
    pub object: Object,
    /// What goes into it.
    pub recipe: Recipe,
}

/// How the data of a Secret is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipe {
    /// `master.key`: 32 random bytes as base64.
    MasterKey,
    /// `tls.crt`, `tls.key`: a certificate for these names, signed by its own key.
    AdminTls {
        /// DNS names.
        names: Vec<String>,
    },
    /// `uri`, `redis.conf`: a random password.
    Redis {
        /// Host of the address.
        host: String,
    },
}

pub(super) fn build(tenant: &Dedicated, settings: &Settings) -> Vec<Generated> {
    let mut secrets = vec![
        // Without it the data cannot be read: it stays where they stay.
        one(tenant, tenant.names.master_key(), fate_of_data(tenant), Recipe::MasterKey),
        one(
            tenant,
            tenant.names.admin_tls(),
            Fate::GoesWithTenant,
            Recipe::AdminTls { names: admin_names(tenant, settings) },
        ),
    ];
    if let Some(Bus::Managed(_)) = &tenant.bus {
        let host = tenant.names.role(Role::Redis);
        secrets.push(one(tenant, tenant.names.redis_secret(), Fate::GoesWithTenant, Recipe::Redis { host }));
    }
    secrets
}

/// The DNS name by which the operator reaches the admin listener of a tenant's pods, and the Secret with its certificate.
pub fn admin_service(namespace: &str, tenant: &str, embedded: bool, cluster_domain: &str) -> (String, String) {
    let names = Names::new(tenant);
    let service = names.role(if embedded { Role::Serve } else { Role::Messaging });
    (format!("{service}.{namespace}.svc.{cluster_domain}"), names.admin_tls())
}

/// The names that the certificate of the admin listener holds for, the one that the operator uses first.
fn admin_names(tenant: &Dedicated, settings: &Settings) -> Vec<String> {
    let owner = &tenant.owner;
    let (long, _) = admin_service(&owner.namespace, &owner.name, tenant.is_embedded(), &settings.cluster_domain);
    let short = format!("{}.{}.svc", tenant.names.role(api_role(tenant)), owner.namespace);
    vec![long, short]
}

/// The data of a managed Redis's Secret.
pub fn redis_data(host: &str, password: &str) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("uri".to_owned(), format!("redis://:{password}@{host}:{}/0", super::REDIS_PORT)),
        (redis::CONFIG_KEY.to_owned(), redis::config(password)),
    ])
}

fn one(tenant: &Dedicated, name: String, fate: Fate, recipe: Recipe) -> Generated {
    let metadata = tenant.owner.metadata(name, tenant.names.labels(None), fate);
    let object = Object::new(Kind::Secret, &json!({ "metadata": super::pod::plain(&metadata), "type": "Opaque" }));
    Generated { object, recipe }
}
