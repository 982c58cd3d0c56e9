//! Two operators that both look after a tenant would undo each other's work for ever. Operators of one Lease never do: only one of
//! them acts. This is about operators of different Leases: two installations.
//!
//! The status names the operator that wrote it. Another one keeps away as long as that operator's Lease is renewed, and takes
//! over when it is not.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use confab_crds::ChatTenant;
use confab_desired::Reason;
use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client};

use super::context::Context;
use super::failure::Failure;
use super::report;
use crate::world::{Key, key_of};

/// A tenant of another operator is looked at again after this.
pub(super) const AGAIN: Duration = Duration::from_secs(30);
/// How long it is believed that another operator lives, or does not.
const BELIEVED: Duration = Duration::from_secs(10);
/// Clocks of two machines may differ by this.
const SKEW: i64 = 30;

/// What is known of other operators.
#[derive(Debug)]
pub struct Rivals {
    own: String,
    known: Mutex<HashMap<String, (Instant, bool)>>,
    told: Mutex<HashSet<Key>>,
}

impl Rivals {
    /// This operator is the one of that Lease.
    pub fn new(namespace: &str, lease: &str) -> Self {
        Self { own: format!("{namespace}/{lease}"), known: Mutex::default(), told: Mutex::default() }
    }

    /// `namespace/lease` of this operator.
    pub fn own(&self) -> &str {
        &self.own
    }

    async fn lives(&self, other: &str, client: &Client) -> Result<bool, Failure> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(other).copied();
        if let Some((at, lives)) = known
            && at.elapsed() < BELIEVED
        {
            return Ok(lives);
        }
        let lives = look(other, client).await?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(other.to_owned(), (Instant::now(), lives));
        Ok(lives)
    }
}

/// Whether another operator looks after this tenant.
pub(super) async fn looks_after(tenant: &Arc<ChatTenant>, context: &Context) -> Result<bool, Failure> {
    let rivals = &context.rivals;
    let other =
        tenant.status.as_ref().and_then(|status| status.operator.as_ref()).filter(|other| **other != rivals.own);
    let Some(other) = other else { return Ok(false) };
    if !rivals.lives(other, &context.client).await? {
        return Ok(false);
    }
    let first = rivals.told.lock().unwrap_or_else(PoisonError::into_inner).insert(key_of(tenant));
    if first {
        let note = format!(
            "operator {other} looks after this tenant, so that operator {} does not; run only one for a namespace: uninstall one of them, or limit each with watch_namespaces",
            rivals.own
        );
        tracing::warn!(tenant = %key_of(tenant), other, "another operator looks after a tenant");
        report::warn(tenant, Reason::OtherOperator.text(), note, context).await;
    }
    Ok(true)
}

async fn look(other: &str, client: &Client) -> Result<bool, Failure> {
    let Some((namespace, name)) = other.split_once('/') else { return Ok(false) };
    let api: Api<Lease> = Api::namespaced(client.clone(), namespace);
    match api.get_opt(name).await {
        Ok(lease) => Ok(lease.is_some_and(|lease| is_held(&lease, jiff::Timestamp::now().as_second()))),
        // Whoever may not look must not assume that nobody is there.
        Err(kube::Error::Api(status)) if status.code == 403 => Ok(true),
        Err(error) => Err(Failure::cluster(format!("look at Lease {other}"))(error)),
    }
}

fn is_held(lease: &Lease, now: i64) -> bool {
    let Some(spec) = &lease.spec else { return false };
    let renewed = spec.renew_time.as_ref().map_or(0, |time| time.0.as_second());
    let holds = i64::from(spec.lease_duration_seconds.unwrap_or(0));
    spec.holder_identity.as_deref().is_some_and(|holder| !holder.is_empty()) && now - renewed <= holds + SKEW
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::coordination::v1::LeaseSpec;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;

    use super::*;

    #[test]
    fn an_operator_lives_while_its_lease_is_renewed_and_until_it_gives_it_up() {
        let lease = |holder: &str, renewed: i64| Lease {
            spec: Some(LeaseSpec {
                holder_identity: Some(holder.to_owned()),
                lease_duration_seconds: Some(15),
                renew_time: Some(MicroTime(jiff::Timestamp::from_second(renewed).expect("a time"))),
                ..LeaseSpec::default()
            }),
            ..Lease::default()
        };
        assert!(is_held(&lease("a", 1000), 1010));
        assert!(is_held(&lease("a", 1000), 1045), "clocks differ");
        assert!(!is_held(&lease("a", 1000), 1046));
        assert!(!is_held(&lease("", 1000), 1010));
        assert!(!is_held(&Lease::default(), 1000));
    }
}
