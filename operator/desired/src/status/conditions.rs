//! Conditions from parts. `Ready`, `Reconciling` and `Stalled` follow kstatus: the last two are there only while they hold.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::check::Stall;
use crate::reason::{Reason, condition};

/// How a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Good,
    /// It can be used, and work goes on.
    Updating,
    /// Not yet; work goes on.
    Progressing,
    /// Not, until somebody acts.
    Stalled,
    /// Worth knowing, and no obstacle.
    Notice,
}

/// A part of a tenant, with what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Type of its condition.
    pub condition: &'static str,
    /// How it is.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// More of it, with what to do. Without any secret.
    pub message: String,
}

impl Part {
    /// A part that is as it should be.
    pub fn good(condition: &'static str, message: impl Into<String>) -> Self {
        Self { condition, state: State::Good, reason: Reason::AsSpecified, message: message.into() }
    }

    /// A part that is on its way.
    pub fn progressing(condition: &'static str, reason: Reason, message: impl Into<String>) -> Self {
        Self { condition, state: State::Progressing, reason, message: message.into() }
    }

    /// A part that can be used while it changes.
    pub fn updating(condition: &'static str, reason: Reason, message: impl Into<String>) -> Self {
        Self { condition, state: State::Updating, reason, message: message.into() }
    }

    /// A part that is no obstacle.
    pub fn notice(condition: &'static str, reason: Reason, message: impl Into<String>) -> Self {
        Self { condition, state: State::Notice, reason, message: message.into() }
    }
}

impl From<Stall> for Part {
    fn from(stall: Stall) -> Self {
        let Stall { condition, reason, message } = stall;
        Self { condition, state: State::Stalled, reason, message }
    }
}

/// Whether a condition is one of ours.
pub fn is_ours(found: &Condition) -> bool {
    condition::ALL.iter().any(|known| known.name == found.type_)
}

/// The conditions that should stand in the status.
pub(super) fn merge(present: &[Condition], parts: &[Part], generation: Option<i64>, now: Timestamp) -> Vec<Condition> {
    let mut wanted = summary(parts);
    wanted.extend(parts.iter().map(|part| {
        let holds = !matches!(part.state, State::Progressing | State::Stalled);
        (part.condition, holds, part.reason, part.message.clone())
    }));
    let ours = wanted.into_iter().map(|(type_, holds, reason, message)| {
        let status = if holds { "True" } else { "False" };
        let before = present.iter().find(|condition| condition.type_ == type_ && condition.status == status);
        Condition {
            type_: type_.to_owned(),
            status: status.to_owned(),
            reason: reason.text().to_owned(),
            message: bounded(message),
            observed_generation: generation,
            last_transition_time: before.map_or(Time(now), |condition| condition.last_transition_time.clone()),
        }
    });
    let foreign = present.iter().filter(|condition| !is_ours(condition)).cloned();
    ours.chain(foreign).collect()
}

/// `Paused` beside whatever was said before: nothing was looked at since.
pub(super) fn paused(present: &[Condition], generation: Option<i64>, now: Timestamp) -> Vec<Condition> {
    let text = "spec.paused is true: nothing is changed until it is false again";
    let part = Part::notice(condition::PAUSED, Reason::Paused, text);
    let ours = merge(present, &[part], generation, now).into_iter().filter(|new| new.type_ == condition::PAUSED);
    present.iter().filter(|old| old.type_ != condition::PAUSED).cloned().chain(ours).collect()
}

/// `Ready`, and what holds it up.
fn summary(parts: &[Part]) -> Vec<(&'static str, bool, Reason, String)> {
    let first = |state: State| parts.iter().find(|part| part.state == state);
    let (stalled, progressing) = (first(State::Stalled), first(State::Progressing));
    let (reason, message) = match stalled.or(progressing) {
        Some(part) => (part.reason, part.message.clone()),
        None => match parts.iter().find(|part| part.reason == Reason::Hibernated) {
            Some(asleep) => (asleep.reason, asleep.message.clone()),
            None => (Reason::AsSpecified, "the tenant can be used".to_owned()),
        },
    };
    let mut summary = vec![(condition::READY, stalled.or(progressing).is_none(), reason, message)];
    if let Some(part) = progressing.or_else(|| first(State::Updating)).filter(|_| stalled.is_none()) {
        summary.push((condition::RECONCILING, true, part.reason, part.message.clone()));
    }
    if let Some(part) = stalled {
        summary.push((condition::STALLED, true, part.reason, part.message.clone()));
    }
    summary
}

/// The API server refuses messages of more than 32,768 characters; nobody reads so much.
fn bounded(mut message: String) -> String {
    const MOST: usize = 1024;
    if let Some((end, _)) = message.char_indices().nth(MOST) {
        message.truncate(end);
        message.push('…');
    }
    message
}
