//! The Lease object: written and read.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};

use super::Candidate;
use super::lease::Seen;

/// What a Lease says.
pub(super) fn seen(lease: &Lease) -> Seen {
    let spec = lease.spec.clone().unwrap_or_default();
    let seconds = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or_default();
    Seen {
        holder: spec.holder_identity.unwrap_or_default(),
        duration: Duration::from_secs(seconds),
        resource_version: lease.metadata.resource_version.clone().unwrap_or_default(),
        transitions: spec.lease_transitions.unwrap_or_default(),
    }
}

/// The first Lease.
pub(super) fn new(candidate: &Candidate, now: Timestamp) -> Lease {
    held_by(candidate, None, 0, now)
}

/// The Lease taken from somebody else, or again.
pub(super) fn taken(candidate: &Candidate, seen: &Seen, now: Timestamp) -> Lease {
    let transitions =
        if seen.holder == candidate.identity { seen.transitions } else { seen.transitions.saturating_add(1) };
    held_by(candidate, Some(seen.resource_version.clone()), transitions, now)
}

/// Our Lease, a while longer.
pub(super) fn renewed(lease: &Lease, now: Timestamp) -> Lease {
    let mut lease = lease.clone();
    lease.metadata.managed_fields = None;
    lease.spec.get_or_insert_default().renew_time = Some(MicroTime(now));
    lease
}

/// Our Lease, for anyone to take.
pub(super) fn given_up(lease: &Lease, now: Timestamp) -> Lease {
    let mut lease = renewed(lease, now);
    let spec = lease.spec.get_or_insert_default();
    spec.holder_identity = Some(String::new());
    // As short as the API allows: whoever does not look at the holder waits no longer than that.
    spec.lease_duration_seconds = Some(1);
    lease
}

fn held_by(candidate: &Candidate, resource_version: Option<String>, transitions: i32, now: Timestamp) -> Lease {
    Lease {
        metadata: ObjectMeta {
            name: Some(candidate.lease.clone()),
            namespace: Some(candidate.namespace.clone()),
            resource_version,
            ..ObjectMeta::default()
        },
        spec: Some(LeaseSpec {
            holder_identity: Some(candidate.identity.clone()),
            lease_duration_seconds: Some(i32::try_from(candidate.duration.as_secs()).unwrap_or(i32::MAX)),
            acquire_time: Some(MicroTime(now)),
            renew_time: Some(MicroTime(now)),
            lease_transitions: Some(transitions),
            ..LeaseSpec::default()
        }),
    }
}
