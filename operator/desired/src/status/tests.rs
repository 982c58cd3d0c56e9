use confab_crds::ChatTenantSpec;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use super::*;
use crate::check::Stall;
use crate::reason::{Reason, condition};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

fn tenant() -> ChatTenant {
    let mut tenant = ChatTenant::new("demo", ChatTenantSpec::default());
    tenant.metadata.generation = Some(2);
    tenant
}

fn observed(parts: Vec<Part>) -> Observed {
    Observed { parts, facts: ChatTenantStatus::default() }
}

fn statuses(status: &ChatTenantStatus) -> Vec<(&str, &str, &str)> {
    status.conditions.iter().map(|c| (c.type_.as_str(), c.status.as_str(), c.reason.as_str())).collect()
}

#[test]
fn a_tenant_whose_parts_are_good_is_ready_and_says_nothing_of_trouble() {
    let status = compose(&tenant(), observed(vec![Part::good(condition::HOST, "served")]), at(1)).expect("news");
    assert_eq!(statuses(&status), [("Ready", "True", "AsSpecified"), ("Host", "True", "AsSpecified")]);
    assert_eq!(status.observed_generation, Some(2));
}

#[test]
fn what_needs_somebody_comes_before_what_is_under_way() {
    let parts = vec![
        Part::progressing(condition::WORKLOADS, Reason::RollingOut, "1 of 2"),
        Stall::new(condition::REFERENCES, Reason::SecretNotFound, "no Secret db").into(),
    ];
    let status = compose(&tenant(), observed(parts), at(1)).expect("news");
    assert_eq!(statuses(&status)[..2], [("Ready", "False", "SecretNotFound"), ("Stalled", "True", "SecretNotFound")]);
    assert!(!status.conditions.iter().any(|condition| condition.type_ == "Reconciling"));
}

#[test]
fn a_status_that_would_say_the_same_is_no_news_and_times_stay_until_a_change() {
    let mut tenant = tenant();
    let good = || observed(vec![Part::good(condition::HOST, "served")]);
    tenant.status = compose(&tenant, good(), at(1));
    assert_eq!(compose(&tenant, good(), at(2)), None);
    let worse = observed(vec![Part::progressing(condition::HOST, Reason::HostUnreachable, "no answer")]);
    let status = compose(&tenant, worse, at(3)).expect("news");
    assert!(status.conditions.iter().all(|condition| condition.last_transition_time == Time(at(3))));
}

#[test]
fn conditions_of_others_are_kept() {
    let mut tenant = tenant();
    let foreign = Condition {
        type_: "example.com/Audited".to_owned(),
        status: "True".to_owned(),
        reason: "Seen".to_owned(),
        message: String::new(),
        observed_generation: None,
        last_transition_time: Time(at(0)),
    };
    tenant.status = Some(ChatTenantStatus { conditions: vec![foreign.clone()], ..ChatTenantStatus::default() });
    let status = compose(&tenant, observed(Vec::new()), at(1)).expect("news");
    assert!(status.conditions.contains(&foreign));
}

#[test]
fn an_endless_message_is_cut_at_a_character() {
    let stall = crate::check::Stall::new(condition::HOST, Reason::HostRefused, "ü".repeat(5000));
    let status = compose(&tenant(), observed(vec![stall.into()]), at(1)).expect("news");
    assert!(status.conditions[0].message.chars().count() == 1025);
}
