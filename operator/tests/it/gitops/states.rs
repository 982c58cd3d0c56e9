//! Tenants in each state, with the status that the operator would write, and what Argo CD and kstatus should make of it.

use confab_crds::ChatTenant;
use confab_crds::tenant::{ChatTenantStatus, VersionStatus};
use confab_desired::reason::condition::{DATABASE, HOST, REDIS, REFERENCES, UPDATE_WAITING, WORKLOADS};
use confab_desired::status::{Observed, Part, compose, paused};
use confab_desired::{Reason, Stall};
use serde_json::{Value, json};

/// A tenant, and what is to be thought of it.
pub struct State {
    pub name: &'static str,
    pub tenant: Value,
    /// Of Argo CD.
    pub health: &'static str,
    /// What the message holds.
    pub told: &'static str,
    /// Of kstatus.
    pub kstatus: &'static str,
}

/// All of them.
pub fn all() -> Vec<State> {
    let state = |name, tenant, health, told, kstatus| State { name, tenant, health, told, kstatus };
    let mut states = vec![
        state("fresh", tenant(&json!({})), "Progressing", "waiting for the operator", "InProgress"),
        state("ready", with(&json!({}), good()), "Healthy", "can be used", "Current"),
        state("updating", with(&json!({}), updating()), "Progressing", "RollingOut: 1 of 2", "InProgress"),
        state("rolling out", with(&json!({}), rolling_out()), "Progressing", "RollingOut: no pod", "InProgress"),
        state("stalled", with(&json!({}), stalled()), "Degraded", "SecretNotFound: make Secret db", "Failed"),
        state("waiting for a release", with(&json!({}), waiting()), "Healthy", "let it in", "Current"),
        state("asleep", with(&json!({"hibernated": true}), asleep()), "Healthy", "the tenant sleeps", "Current"),
        state(
            "falling asleep",
            with(&json!({"hibernated": true}), rolling_out()),
            "Progressing",
            "RollingOut",
            "InProgress",
        ),
        state("paused", left_alone(), "Suspended", "spec.paused is true", "Current"),
        state("changed since", outdated(), "Progressing", "newest spec", "InProgress"),
        state("going", going(), "Progressing", "being deleted", "Terminating"),
    ];
    let mut stalled = states[4].tenant.clone();
    stalled["metadata"]["generation"] = 9.into();
    states.push(state("mended since", stalled, "Progressing", "newest spec", "InProgress"));
    states
}

/// A tenant that nobody has looked at.
pub fn tenant(more: &Value) -> Value {
    let mut spec = json!({"domain": "demo.example.com", "placement": {"mode": "Dedicated"}});
    spec.as_object_mut().expect("a map").extend(more.as_object().cloned().expect("a map"));
    json!({
        "apiVersion": "confab.dev/v1alpha1", "kind": "ChatTenant",
        "metadata": {"name": "demo", "namespace": "default", "generation": 3, "uid": "u"}, "spec": spec,
    })
}

/// The same after the operator has seen this.
pub fn with(more: &Value, observed: Observed) -> Value {
    let mut tenant = tenant(more);
    let typed: ChatTenant = serde_json::from_value(tenant.clone()).expect("a tenant");
    let status = compose(&typed, observed, jiff::Timestamp::UNIX_EPOCH).expect("news");
    tenant["status"] = serde_json::to_value(status).expect("plain data");
    tenant
}

pub fn good() -> Observed {
    parts(vec![
        Part::good(REFERENCES, "everything is there"),
        Part::good(DATABASE, "PostgreSQL"),
        Part::good(WORKLOADS, "messaging 2/2 ready"),
    ])
}

fn updating() -> Observed {
    parts(vec![
        Part::good(DATABASE, "PostgreSQL"),
        Part::updating(WORKLOADS, Reason::RollingOut, "1 of 2 pods is of the newest template"),
        Part::updating(REDIS, Reason::RedisPending, "no pod"),
    ])
}

pub fn rolling_out() -> Observed {
    parts(vec![Part::progressing(WORKLOADS, Reason::RollingOut, "no pod is ready"), Part::good(DATABASE, "SQLite")])
}

pub fn stalled() -> Observed {
    let stall = Stall::new(REFERENCES, Reason::SecretNotFound, "make Secret db");
    parts(vec![stall.into(), Part::progressing(HOST, Reason::Retrying, "again")])
}

pub fn waiting() -> Observed {
    let mut observed = good();
    observed.parts.push(Part::notice(UPDATE_WAITING, Reason::NewRelease, "release 2 waits; let it in"));
    let version = VersionStatus { running: Some("1".to_owned()), available: Some("2".to_owned()) };
    observed.facts = ChatTenantStatus { version: Some(version), ..observed.facts };
    observed
}

fn asleep() -> Observed {
    parts(vec![Part { reason: Reason::Hibernated, ..Part::good(WORKLOADS, "no pods run") }])
}

fn parts(parts: Vec<Part>) -> Observed {
    Observed { parts, facts: ChatTenantStatus::default() }
}

fn left_alone() -> Value {
    let mut tenant = with(&json!({"paused": true}), good());
    tenant["metadata"]["generation"] = 4.into();
    let typed: ChatTenant = serde_json::from_value(tenant.clone()).expect("a tenant");
    let status = paused(&typed, jiff::Timestamp::UNIX_EPOCH).expect("news");
    tenant["status"] = serde_json::to_value(status).expect("plain data");
    tenant
}

fn outdated() -> Value {
    let mut tenant = with(&json!({}), good());
    tenant["metadata"]["generation"] = 4.into();
    tenant
}

fn going() -> Value {
    let mut tenant = with(&json!({"deletionPolicy": "Delete"}), stalled());
    tenant["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    tenant
}
