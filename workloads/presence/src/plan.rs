//! Where each of a person's conversations goes on for a new connection. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use confab_contract::socket::server::ResyncReason;
use confab_contract::{ConversationId, limit};
use confab_store::members::Membership;

/// Where delivery of one conversation begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// Which.
    pub conversation: ConversationId,
    /// The client has, or gave up, everything up to here.
    pub after: u64,
    /// How far the conversation reached when memberships were read. Beyond `after`: the store has to replay.
    pub reaches: u64,
}

/// What to do for a new connection.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// One for each conversation of the person.
    pub starts: Vec<Start>,
    /// What the client has to read anew over REST.
    pub resync: Vec<(ConversationId, ResyncReason)>,
}

/// A client that names nothing: everything begins now.
pub fn fresh(memberships: &[Membership]) -> Plan {
    let starts = memberships.iter().map(present).collect();
    Plan { starts, resync: Vec::new() }
}

/// What a client's cursor covers.
#[derive(Debug, Default)]
pub struct Covered {
    /// The last `seq` that it covers of each conversation that has more since.
    pub points: HashMap<ConversationId, u64>,
    /// Conversations that the person has left since.
    pub ended: Vec<ConversationId>,
}

/// A client that names what it has: by `named` the last `seq` of conversations, by a cursor what it `covered`.
/// Conversations in neither have nothing new, or were not asked for. `covered` was read after the memberships: who has left
/// a conversation by then is no member of it, and joining it once more is told live.
pub fn resume(memberships: &[Membership], named: &BTreeMap<ConversationId, u64>, covered: &Covered) -> Plan {
    let mut plan = Plan::default();
    let has_left = |id: &ConversationId| covered.ended.contains(id) && !covered.points.contains_key(id);
    let present_now: Vec<&Membership> =
        memberships.iter().filter(|membership| !has_left(&membership.conversation)).collect();
    for &membership in &present_now {
        let id = membership.conversation;
        let goes_on = match (named.get(&id), covered.points.get(&id)) {
            (Some(&seq), _) => from_named(membership, seq),
            (None, Some(&seq)) => from_cursor(membership, seq),
            (None, None) => Ok(membership.last_seq),
        };
        match goes_on {
            Ok(after) => plan.starts.push(Start { after, ..present(membership) }),
            Err(reason) => {
                plan.starts.push(present(membership));
                plan.resync.push((id, reason));
            }
        }
    }
    plan.resync.extend(gone(&present_now, named, covered).into_iter().map(|id| (id, ResyncReason::NotAMember)));
    plan
}

/// Conversations that the client has, or may have, and of which the person is no member.
fn gone(
    memberships: &[&Membership],
    named: &BTreeMap<ConversationId, u64>,
    covered: &Covered,
) -> BTreeSet<ConversationId> {
    let present: HashSet<ConversationId> = memberships.iter().map(|membership| membership.conversation).collect();
    named.keys().chain(&covered.ended).filter(|id| !present.contains(id)).copied().collect()
}

fn present(membership: &Membership) -> Start {
    let Membership { conversation, last_seq, .. } = *membership;
    Start { conversation, after: last_seq, reaches: last_seq }
}

fn from_named(membership: &Membership, seq: u64) -> Result<u64, ResyncReason> {
    if seq > membership.last_seq {
        return Err(ResyncReason::AheadOfServer);
    }
    // Removed and added again since: the events between are not for this person.
    if seq + 1 < membership.visible_from {
        return Err(ResyncReason::NotAMember);
    }
    within_reach(membership, seq)
}

fn from_cursor(membership: &Membership, seq: u64) -> Result<u64, ResyncReason> {
    // A conversation that the person joined after the cursor begins with the event that added them.
    let seq = seq.max(membership.visible_from.saturating_sub(1)).min(membership.last_seq);
    within_reach(membership, seq)
}

fn within_reach(membership: &Membership, seq: u64) -> Result<u64, ResyncReason> {
    if membership.last_seq - seq > limit::RESUME_EVENTS {
        return Err(ResyncReason::TooFarBehind);
    }
    Ok(seq)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn membership(visible_from: u64, last_seq: u64) -> Membership {
        Membership { conversation: ConversationId::generate(), visible_from, last_seq }
    }

    fn resumed(membership: &Membership, named: Option<u64>, covered: Option<u64>) -> (u64, Option<ResyncReason>) {
        let id = membership.conversation;
        let named = named.map(|seq| (id, seq)).into_iter().collect();
        let covered = Covered { points: covered.map(|seq| (id, seq)).into_iter().collect(), ended: Vec::new() };
        let plan = resume(std::slice::from_ref(membership), &named, &covered);
        (plan.starts[0].after, plan.resync.first().map(|(_, reason)| *reason))
    }

    #[test]
    fn a_named_conversation_goes_on_where_the_client_is() {
        assert_eq!(resumed(&membership(1, 9), Some(4), None), (4, None));
        assert_eq!(resumed(&membership(1, 9), Some(9), None), (9, None));
        assert_eq!(
            resumed(&membership(1, 9), Some(4), Some(2)),
            (4, None),
            "what is named is more exact than the cursor"
        );
    }

    #[test]
    fn the_cursor_stands_for_conversations_that_are_not_named() {
        assert_eq!(resumed(&membership(1, 9), None, Some(4)), (4, None));
        assert_eq!(
            resumed(&membership(7, 9), None, Some(0)),
            (6, None),
            "joined since: from the event that added them"
        );
        assert_eq!(resumed(&membership(1, 9), None, None), (9, None), "nothing new");
    }

    #[test]
    fn what_cannot_be_continued_is_read_anew_and_begins_now() {
        assert_eq!(resumed(&membership(1, 9), Some(10), None), (9, Some(ResyncReason::AheadOfServer)));
        assert_eq!(resumed(&membership(7, 9), Some(4), None), (9, Some(ResyncReason::NotAMember)));
        assert_eq!(resumed(&membership(1, 20_000), Some(4), None), (20_000, Some(ResyncReason::TooFarBehind)));
        assert_eq!(resumed(&membership(1, 20_000), None, Some(4)), (20_000, Some(ResyncReason::TooFarBehind)));
    }

    #[test]
    fn a_conversation_that_was_left_is_said_to_be_gone() {
        let left = ConversationId::generate();
        let gone = Plan { starts: Vec::new(), resync: vec![(left, ResyncReason::NotAMember)] };
        let named = BTreeMap::from([(left, 3)]);
        assert_eq!(resume(&[], &named, &Covered::default()), gone);
        let covered = Covered { ended: vec![left], ..Covered::default() };
        assert_eq!(resume(&[], &BTreeMap::new(), &covered), gone, "left since the cursor");
        assert_eq!(resume(&[], &named, &covered), gone, "said once");
    }

    #[test]
    fn who_leaves_while_memberships_are_read_is_told_so_and_follows_nothing() {
        let membership = membership(7, 9);
        let left = membership.conversation;
        let covered = Covered { points: HashMap::new(), ended: vec![left] };
        let gone = Plan { starts: Vec::new(), resync: vec![(left, ResyncReason::NotAMember)] };
        for named in [BTreeMap::new(), BTreeMap::from([(left, 8)])] {
            assert_eq!(resume(std::slice::from_ref(&membership), &named, &covered), gone);
        }
    }

    #[test]
    fn who_was_added_again_since_goes_on() {
        let membership = membership(7, 9);
        let id = membership.conversation;
        let covered = Covered { points: HashMap::from([(id, 6)]), ended: vec![id] };
        let plan = resume(std::slice::from_ref(&membership), &BTreeMap::new(), &covered);
        assert_eq!((plan.starts[0].after, plan.resync), (6, Vec::new()));
    }

    #[test]
    fn the_largest_numbers_do_no_harm() {
        assert_eq!(resumed(&membership(1, 9), Some(u64::MAX), None).1, Some(ResyncReason::AheadOfServer));
        assert_eq!(resumed(&membership(1, 9), None, Some(u64::MAX)), (9, None));
    }
}
