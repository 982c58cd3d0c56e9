//! Unread counts and watermarks equal a recomputation from the timeline and the operations.

use std::collections::BTreeMap;

use confab_contract::rest::conversations::Conversation;
use confab_contract::rest::members::Member;
use confab_contract::{ConversationId, UserId};

use super::Truths;
use super::problem::{Problem, Rule};
use super::truth::Truth;
use crate::record::{Action, Evidence, Standing};

/// Between which values a watermark must lie: what was acknowledged, and what was asked for.
#[derive(Debug, Clone, Copy, Default)]
struct Bounds {
    least: u64,
    most: u64,
}

impl Bounds {
    fn widen(&mut self, seq: u64, acknowledged: bool, possible: bool) {
        if acknowledged {
            self.least = self.least.max(seq);
        }
        if possible {
            self.most = self.most.max(seq);
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Marks {
    read: Bounds,
    delivered: Bounds,
}

pub(super) fn check(evidence: &Evidence, truths: &Truths<'_>, problems: &mut Vec<Problem>) {
    let marks = marks(evidence);
    for standing in &evidence.standings {
        let Some(truth) = truths.get(&standing.conversation) else { continue };
        for (rule, what) in judge(standing, truth, &marks) {
            let Standing { reader, replica, conversation, .. } = standing;
            let what = format!("{conversation} as {reader} sees it on replica {replica}: {what}");
            problems.push(Problem::new(rule, what));
        }
    }
}

fn marks(evidence: &Evidence) -> BTreeMap<(ConversationId, UserId), Marks> {
    let mut marks: BTreeMap<(ConversationId, UserId), Marks> = BTreeMap::new();
    for operation in &evidence.operations {
        let (ok, possible) = (operation.outcome.is_ok(), operation.outcome.is_possible());
        match &operation.action {
            Action::Read { conversation, seq, .. } => {
                let marks = marks.entry((*conversation, operation.actor)).or_default();
                marks.read.widen(*seq, ok, possible);
                marks.delivered.widen(*seq, ok, possible);
            }
            Action::Ack { conversation, seq } => {
                let marks = marks.entry((*conversation, operation.actor)).or_default();
                marks.delivered.widen(*seq, ok, possible);
            }
            _ => {}
        }
    }
    marks
}

fn judge(
    standing: &Standing,
    truth: &Truth<'_>,
    marks: &BTreeMap<(ConversationId, UserId), Marks>,
) -> Vec<(Rule, String)> {
    let is_member = truth.present_stay(standing.reader).is_some();
    let Some(state) = &standing.state else {
        let what = "a member cannot see the conversation".to_owned();
        return if is_member { vec![(Rule::StateDiffers, what)] } else { Vec::new() };
    };
    if !is_member {
        return vec![(Rule::StateDiffers, "one who is no member sees the conversation".to_owned())];
    }
    let mut found = of_conversation(standing.reader, state, truth);
    let owed: Vec<UserId> = present_members(truth);
    let mut listed: Vec<UserId> = standing.members.iter().map(|member| member.participant.user_id).collect();
    listed.sort_unstable();
    if listed != owed || usize::try_from(state.participant_count) != Ok(owed.len()) {
        found.push((Rule::StateDiffers, format!("{} members are listed, {} are there", listed.len(), owed.len())));
    }
    for member in &standing.members {
        let marks = marks.get(&(standing.conversation, member.participant.user_id)).copied().unwrap_or_default();
        found.extend(of_member(member, truth, marks).map(|what| (Rule::Watermark, what)));
        if member.participant.user_id == standing.reader && member.read_seq != state.read_seq {
            let what =
                format!("read_seq is {} in the list and {} in the conversation", member.read_seq, state.read_seq);
            found.push((Rule::Watermark, what));
        }
    }
    found
}

fn of_conversation(reader: UserId, state: &Conversation, truth: &Truth<'_>) -> Vec<(Rule, String)> {
    let mut found = Vec::new();
    let unread = truth.unread(reader, state.read_seq);
    if state.unread_count != unread {
        let what = format!("{} unread after {}, recomputed {unread}", state.unread_count, state.read_seq);
        found.push((Rule::UnreadCount, what));
    }
    if state.last_seq != truth.last_seq() {
        found.push((
            Rule::StateDiffers,
            format!("last_seq is {}, the history ends at {}", state.last_seq, truth.last_seq()),
        ));
    }
    let visible = truth.present_stay(reader);
    let newest = truth
        .messages
        .iter()
        .filter(|(_, message)| visible.is_some_and(|stay| stay.covers(message.seq)))
        .max_by_key(|(_, message)| message.seq)
        .map(|(id, _)| *id);
    let shown = state.last_message.as_ref().map(|message| message.message_id);
    if shown != newest {
        found.push((Rule::StateDiffers, format!("last_message is {shown:?}, the history ends with {newest:?}")));
    }
    found
}

/// One who left and came back may have lost an older watermark; the newest stay is what counts then.
fn of_member(member: &Member, truth: &Truth<'_>, marks: Marks) -> Option<String> {
    let user = member.participant.user_id;
    let stayed = truth.stays(user).len() == 1;
    let outside = |value: u64, bounds: Bounds| {
        let most = bounds.most.min(truth.last_seq());
        value > most || (stayed && value < bounds.least.min(truth.last_seq()))
    };
    if outside(member.read_seq, marks.read) {
        return Some(format!("read_seq of {user} is {}, must be within {:?}", member.read_seq, marks.read));
    }
    if outside(member.delivered_seq, marks.delivered) {
        return Some(format!(
            "delivered_seq of {user} is {}, must be within {:?}",
            member.delivered_seq, marks.delivered
        ));
    }
    (member.delivered_seq < member.read_seq)
        .then(|| format!("{user} has read up to {} and has only {}", member.read_seq, member.delivered_seq))
}

fn present_members(truth: &Truth<'_>) -> Vec<UserId> {
    truth.members.keys().copied().filter(|user| truth.present_stay(*user).is_some()).collect()
}
