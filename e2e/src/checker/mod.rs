//! Judges a run from its evidence alone: no server, no clock, no randomness.
//!
//! The record of truth is the timeline as the owner reads it; every other reader, replica, subscriber and reply has to
//! agree with it, and it has to agree with what was acknowledged.
//!
//! - [`truth`]: what the timeline says about messages and members.
//! - [`histories`]: `seq` dense from 1, the same for every reader on every replica.
//! - [`sends`]: acknowledged once, refused never, a retry the same, in the order of real time.
//! - [`changes`]: edits, deletions, reactions and members.
//! - [`frames`]: what each subscriber saw.
//! - [`followers`]: what each person knows who only asked what had changed.
//! - [`standings`]: unread counts and watermarks.
//! - [`refusals`]: refusals that no rule explains.

mod changes;
mod followers;
mod frames;
mod histories;
mod problem;
mod refusals;
mod sends;
mod standings;
mod truth;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use confab_contract::ConversationId;

pub use problem::{Problem, Rule};
use truth::Truth;

use crate::record::{Evidence, History};

/// Everything that is wrong with a run; empty for a good one.
pub fn check(evidence: &Evidence) -> Vec<Problem> {
    let mut problems = Vec::new();
    let truths = truths(evidence, &mut problems);
    histories::check(evidence, &truths, &mut problems);
    sends::check(evidence, &truths, &mut problems);
    changes::check(evidence, &truths, &mut problems);
    frames::check(evidence, &truths, &mut problems);
    followers::check(evidence, &truths, &mut problems);
    standings::check(evidence, &truths, &mut problems);
    refusals::check(evidence, &mut problems);
    problems
}

type Truths<'a> = BTreeMap<ConversationId, Truth<'a>>;

fn truths<'a>(evidence: &'a Evidence, problems: &mut Vec<Problem>) -> Truths<'a> {
    let mut truths = BTreeMap::new();
    for (id, setting) in &evidence.conversations {
        let of_owner = |history: &&History| history.conversation == *id && history.reader == setting.owner;
        match evidence.histories.iter().find(of_owner) {
            Some(history) => {
                truths.insert(*id, Truth::read(&history.events));
            }
            None => problems.push(Problem::new(Rule::Unreadable, format!("the owner could not read {id}"))),
        }
    }
    truths
}
