//! A sync cursor never skips a change: whoever only asked what had changed knows every event that they may see, and of every
//! conversation that they have left.

use confab_contract::ConversationId;

use super::Truths;
use super::frames::same_event;
use super::problem::{Problem, Rule};
use super::truth::Truth;
use crate::record::{Evidence, Followed, Follower, Standing};

pub(super) fn check(evidence: &Evidence, truths: &Truths<'_>, problems: &mut Vec<Problem>) {
    for follower in &evidence.followers {
        let mut found = Vec::new();
        if !follower.is_complete {
            found.push("the last look did not come to an end".to_owned());
        }
        for (id, truth) in truths {
            compare(follower, *id, truth, &mut found);
            found.extend(unread(evidence, follower, *id));
        }
        let stranger = follower.known.keys().find(|id| !truths.contains_key(id));
        found.extend(stranger.map(|id| format!("knows {id}, which nobody made")));
        let named = |what| Problem::new(Rule::SyncSkipped, format!("{} by sync: {what}", follower.user));
        problems.extend(found.into_iter().map(named));
    }
}

fn compare(follower: &Follower, id: ConversationId, truth: &Truth<'_>, found: &mut Vec<String>) {
    match (truth.present_stay(follower.user), follower.known.get(&id)) {
        (None, None) => {}
        (None, Some(_)) => found.push(format!("was not told that {id} is left")),
        (Some(stay), None) => found.push(format!("was not told of {id}, a member from {}", stay.from)),
        (Some(stay), Some(known)) => {
            let owed = stay.from.max(known.starts_after + 1)..=truth.last_seq();
            found.extend(owed.filter_map(|seq| difference(truth, known, seq)).map(|what| format!("{id}: {what}")));
            let (said, is) = (known.last_seq, truth.last_seq());
            if said != is {
                found.push(format!("{id} is said to end at {said}, and ends at {is}"));
            }
        }
    }
}

/// What is said to be unread against what the server says when it is asked.
fn unread(evidence: &Evidence, follower: &Follower, id: ConversationId) -> Option<String> {
    let said = follower.known.get(&id)?.unread_count;
    let asked = |standing: &&Standing| standing.reader == follower.user && standing.conversation == id;
    let is = evidence.standings.iter().find(asked)?.state.as_ref()?.unread_count;
    (said != is).then(|| format!("{id} is said to have {said} unread, and has {is}"))
}

fn difference(truth: &Truth<'_>, followed: &Followed, seq: u64) -> Option<String> {
    match (followed.events.get(&seq), truth.at(seq)) {
        (Some(known), Some(owed)) if same_event(known, owed) => None,
        (None, _) => Some(format!("seq {seq} was skipped")),
        (Some(known), owed) => Some(format!("got {known:?}, the history has {owed:?}")),
    }
}
