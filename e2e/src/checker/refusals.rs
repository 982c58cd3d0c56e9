//! A refusal needs a reason that the driver knows: a `temp_id` taken, a guest who is no member, a message deleted.

use std::collections::BTreeSet;

use confab_contract::{ConversationId, MessageId, UserId};

use super::problem::{Problem, Rule};
use crate::record::{Action, Evidence, Intent, Operation, Outcome};

pub(super) fn check(evidence: &Evidence, problems: &mut Vec<Problem>) {
    let comes_and_goes = |conversation: ConversationId, user: UserId| {
        evidence.conversations.get(&conversation).is_some_and(|setting| !setting.members.contains(&user))
    };
    let deleted = deleted_messages(&evidence.operations);
    for operation in &evidence.operations {
        let Outcome::Refused { status, why } = &operation.outcome else { continue };
        let conversation = operation.action.conversation();
        let is_guest = comes_and_goes(conversation, operation.actor);
        let explained = match &operation.action {
            Action::Send { intent: Intent::OtherBody, .. } if *status == 409 => true,
            Action::Edit { message, .. } | Action::Delete { message, .. } | Action::React { message, .. } => {
                deleted.contains(message) && matches!(status, 403 | 404 | 409)
            }
            Action::Add { user, .. } | Action::Remove { user, .. } => {
                comes_and_goes(conversation, *user) && matches!(status, 404 | 409)
            }
            _ => false,
        };
        // One who was added again may know messages that are no longer visible: naming them is a 400.
        let not_a_member = is_guest && matches!(status, 400 | 403 | 404);
        if !explained && !not_a_member {
            let what = format!("{status} {why} for {:?}", operation.action);
            problems.push(Problem::new(Rule::UnexpectedRefusal, what).of([operation.number]));
        }
    }
}

fn deleted_messages(operations: &[Operation]) -> BTreeSet<MessageId> {
    let deletion = |operation: &Operation| match operation.action {
        Action::Delete { message, .. } if operation.outcome.is_possible() => Some(message),
        _ => None,
    };
    operations.iter().filter_map(deletion).collect()
}
