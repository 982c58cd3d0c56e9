//! Edits, deletions, reactions and members: what was acknowledged is in the timeline, what is there was asked for, and
//! the final state is what the last event says.

use std::collections::{BTreeMap, BTreeSet};

use confab_contract::timeline::TimelineEvent;
use confab_contract::{ConversationId, MessageId, UserId};

use super::Truths;
use super::problem::{Problem, Rule};
use super::truth::{MessageTruth, Truth};
use crate::record::{Action, Evidence, Operation, Outcome, Reply};

pub(super) fn check(evidence: &Evidence, truths: &Truths<'_>, problems: &mut Vec<Problem>) {
    let by_message = group_by_message(&evidence.operations);
    for (id, truth) in truths {
        for (message_id, message) in &truth.messages {
            let operations = by_message.get(message_id).map_or(&[][..], Vec::as_slice);
            edits(*message_id, message, operations, problems);
            deletion(*message_id, message, operations, problems);
            reactions(*message_id, message, operations, problems);
        }
        members(*id, truth, evidence, problems);
    }
    let known: BTreeSet<&MessageId> = truths.values().flat_map(|truth| truth.messages.keys()).collect();
    for (message, operations) in by_message.iter().filter(|(message, _)| !known.contains(message)) {
        let what = format!("{message} was changed with success and is in no history");
        let done: Vec<u64> = operations.iter().filter(|one| one.outcome.is_ok()).map(|one| one.number).collect();
        if !done.is_empty() {
            problems.push(Problem::new(Rule::AcknowledgedLost, what).of(done));
        }
    }
}

fn group_by_message(operations: &[Operation]) -> BTreeMap<MessageId, Vec<&Operation>> {
    let mut groups: BTreeMap<MessageId, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        if let Action::Edit { message, .. } | Action::Delete { message, .. } | Action::React { message, .. } =
            &operation.action
        {
            groups.entry(*message).or_default().push(operation);
        }
    }
    groups
}

fn edits(id: MessageId, message: &MessageTruth<'_>, operations: &[&Operation], problems: &mut Vec<Problem>) {
    let mut acknowledged: BTreeMap<u64, (&Operation, &str)> = BTreeMap::new();
    let mut unknown: Vec<(&Operation, &str)> = Vec::new();
    for operation in operations {
        let Action::Edit { content, .. } = &operation.action else { continue };
        match &operation.outcome {
            Outcome::Ok { reply: Reply::Edited { seq } } => {
                if !message.edits.contains(&(*seq, operation.actor)) {
                    let what = format!("the edit of {id} acknowledged at seq {seq} is not there");
                    problems.push(Problem::new(Rule::AcknowledgedLost, what).of([operation.number]));
                }
                acknowledged.insert(*seq, (operation, content));
            }
            outcome if outcome.is_possible() => unknown.push((operation, content)),
            _ => {}
        }
    }
    let unclaimed = message.edits.iter().filter(|(seq, _)| !acknowledged.contains_key(seq)).count();
    if unclaimed > unknown.len() {
        let what = format!("{id} has {unclaimed} edits that were not acknowledged, {} could be", unknown.len());
        problems.push(Problem::new(Rule::NobodyAsked, what).of(unknown.iter().map(|(one, _)| one.number)));
    }
    let (Some((last, _)), None) = (message.edits.last(), message.deleted) else { return };
    let now = message.message.content_encrypted.as_deref();
    let right = match acknowledged.get(last) {
        Some((_, content)) => now == Some(content),
        None => unknown.iter().any(|(_, content)| now == Some(content)),
    };
    if !right {
        let what = format!("{id} was edited last at seq {last}, and its content is that of no such edit: {now:?}");
        problems.push(Problem::new(Rule::StateDiffers, what).of(operations.iter().map(|one| one.number)));
    }
}

fn deletion(id: MessageId, message: &MessageTruth<'_>, operations: &[&Operation], problems: &mut Vec<Problem>) {
    let deletes: Vec<&&Operation> =
        operations.iter().filter(|one| matches!(one.action, Action::Delete { .. })).collect();
    if let (None, Some(done)) = (message.deleted, deletes.iter().find(|one| one.outcome.is_ok())) {
        let what = format!("the deletion of {id} was acknowledged and is not there");
        problems.push(Problem::new(Rule::AcknowledgedLost, what).of([done.number]));
    }
    let Some((seq, by)) = message.deleted else { return };
    if !deletes.iter().any(|one| one.actor == by && one.outcome.is_possible()) {
        let what = format!("{id} was deleted at seq {seq} by {by}, who did not ask for it");
        problems.push(Problem::new(Rule::NobodyAsked, what).of(deletes.iter().map(|one| one.number)));
    }
    let rest = message.message;
    if rest.content_encrypted.is_some() || !rest.metadata.is_empty() || !rest.is_deleted {
        problems.push(Problem::new(Rule::StateDiffers, format!("{id} was deleted at seq {seq}, and shows content")));
    }
}

fn reactions(id: MessageId, message: &MessageTruth<'_>, operations: &[&Operation], problems: &mut Vec<Problem>) {
    let mut asked: BTreeMap<(UserId, &str), Vec<(&Operation, bool)>> = BTreeMap::new();
    for operation in operations {
        if let Action::React { emoji, added, .. } = &operation.action {
            asked.entry((operation.actor, emoji)).or_default().push((operation, *added));
        }
    }
    for ((user, emoji, given), times) in &message.reacted {
        let attempts = asked.get(&(*user, emoji.as_str())).map_or(&[][..], Vec::as_slice);
        let possible = attempts.iter().filter(|(one, added)| added == given && one.outcome.is_possible()).count();
        if *times > possible {
            let what = format!("{user} gave or took back {emoji} on {id} {times} times, {possible} could be");
            problems.push(Problem::new(Rule::NobodyAsked, what).of(attempts.iter().map(|(one, _)| one.number)));
        }
    }
    if message.deleted.is_some() {
        return;
    }
    for ((user, emoji), attempts) in asked {
        let certain = attempts.iter().all(|(one, _)| !matches!(one.outcome, Outcome::Unknown { .. }));
        let last = attempts.iter().rfind(|(one, _)| one.outcome.is_ok());
        let there = message.reactions.get(emoji).is_some_and(|users| users.contains(&user));
        if let (true, Some((operation, added))) = (certain, last)
            && *added != there
        {
            let what = format!("{emoji} of {user} on {id}: the last change acknowledged is not what holds");
            problems.push(Problem::new(Rule::AcknowledgedLost, what).of([operation.number]));
        }
    }
}

fn members(id: ConversationId, truth: &Truth<'_>, evidence: &Evidence, problems: &mut Vec<Problem>) {
    let mut asked: BTreeMap<UserId, Vec<(&Operation, bool)>> = BTreeMap::new();
    for operation in &evidence.operations {
        match &operation.action {
            Action::Add { conversation, user } if *conversation == id => {
                asked.entry(*user).or_default().push((operation, true));
            }
            Action::Remove { conversation, user } if *conversation == id => {
                asked.entry(*user).or_default().push((operation, false));
            }
            _ => {}
        }
    }
    for ((user, joined), times) in changes_of_members(truth) {
        let attempts = asked.get(&user).map_or(&[][..], Vec::as_slice);
        let possible = attempts.iter().filter(|(one, add)| *add == joined && one.outcome.is_possible()).count();
        if times > possible {
            let what = format!("{id}: {user} joined or left {times} times, {possible} could be");
            problems.push(Problem::new(Rule::NobodyAsked, what).of(attempts.iter().map(|(one, _)| one.number)));
        }
    }
    for (user, attempts) in asked {
        let certain = attempts.iter().all(|(one, _)| !matches!(one.outcome, Outcome::Unknown { .. }));
        let last = attempts.iter().rfind(|(one, _)| one.outcome.is_ok());
        if let (true, Some((operation, added))) = (certain, last)
            && *added != truth.present_stay(user).is_some()
        {
            let what = format!("{id}: the last change of {user}'s membership acknowledged is not what holds");
            problems.push(Problem::new(Rule::AcknowledgedLost, what).of([operation.number]));
        }
    }
}

/// How often each person joined (after the making) and was removed.
fn changes_of_members(truth: &Truth<'_>) -> BTreeMap<(UserId, bool), usize> {
    let mut changes = BTreeMap::new();
    for frame in truth.events {
        match &frame.event {
            TimelineEvent::MembersAdded { user_ids, .. } => {
                for user in user_ids {
                    *changes.entry((*user, true)).or_default() += 1;
                }
            }
            TimelineEvent::MemberRemoved { user_id, .. } => *changes.entry((*user_id, false)).or_default() += 1,
            _ => {}
        }
    }
    changes
}
