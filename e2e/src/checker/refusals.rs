//! A refusal needs a reason that the driver knows: a `temp_id` taken, a member removed, a message deleted.

use std::collections::BTreeSet;

use confab_contract::{ConversationId, MessageId, UserId};

use super::problem::{Problem, Rule};
use crate::record::{Action, Evidence, Intent, Operation, Outcome};

pub(super) fn check(evidence: &Evidence, problems: &mut Vec<Problem>) {
    let removed = removed_people(&evidence.operations);
    let deleted = deleted_messages(&evidence.operations);
    for operation in &evidence.operations {
        let Outcome::Refused { status, why } = &operation.outcome else { continue };
        let conversation = operation.action.conversation();
        let was_removed = removed.contains(&(conversation, operation.actor));
        let explained = match &operation.action {
            Action::Send { intent: Intent::OtherBody, .. } if *status == 409 => true,
            Action::Edit { message, .. } | Action::Delete { message, .. } | Action::React { message, .. } => {
                deleted.contains(message) && matches!(status, 403 | 404 | 409)
            }
            Action::Add { user, .. } | Action::Remove { user, .. } => {
                removed.contains(&(conversation, *user)) && matches!(status, 404 | 409)
            }
            _ => false,
        };
        // One who was added again may know messages that are no longer visible: naming them is a 400.
        let not_a_member = was_removed && matches!(status, 400 | 403 | 404);
        if !explained && !not_a_member {
            let what = format!("{status} {why} for {:?}", operation.action);
            problems.push(Problem::new(Rule::UnexpectedRefusal, what).of([operation.number]));
        }
    }
}

fn removed_people(operations: &[Operation]) -> BTreeSet<(ConversationId, UserId)> {
    let removal = |operation: &Operation| match operation.action {
        Action::Add { conversation, user } | Action::Remove { conversation, user } => Some((conversation, user)),
        _ => None,
    };
    operations.iter().filter_map(removal).collect()
}

fn deleted_messages(operations: &[Operation]) -> BTreeSet<MessageId> {
    let deletion = |operation: &Operation| match operation.action {
        Action::Delete { message, .. } if operation.outcome.is_possible() => Some(message),
        _ => None,
    };
    operations.iter().filter_map(deletion).collect()
}
