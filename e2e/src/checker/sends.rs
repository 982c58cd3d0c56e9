//! Each acknowledged send is stored exactly once as its reply said; none that was refused; unknown ones at most once.

use std::collections::BTreeMap;

use confab_contract::{ConversationId, MessageId, UserId};

use super::Truths;
use super::problem::{Problem, Rule};
use super::truth::MessageTruth;
use crate::record::{Action, Evidence, Intent, Operation, Outcome, Reply};

/// All attempts to send one message.
struct Send<'a> {
    attempts: Vec<&'a Operation>,
    content: &'a str,
    reply_to: Option<MessageId>,
    /// The attempts with the message's own body that were acknowledged, with what the reply said.
    acknowledged: Vec<(&'a Operation, MessageId, u64)>,
}

/// What names a message over its attempts: its `temp_id`, or without one its content, which is unique.
type Key<'a> = (ConversationId, UserId, &'a str);

pub(super) fn check(evidence: &Evidence, truths: &Truths<'_>, problems: &mut Vec<Problem>) {
    let sends = group(&evidence.operations);
    let mut stored = stored_messages(truths, &sends);
    for ((conversation, sender, name), send) in &sends {
        let copies = stored.remove(&(*conversation, *sender, *name)).unwrap_or_default();
        for (rule, what) in verdict(send, &copies) {
            let problem = Problem::new(rule, format!("{conversation}, {sender}, {name}: {what}"));
            problems.push(problem.of(send.attempts.iter().map(|attempt| attempt.number)));
        }
    }
    for ((conversation, sender, name), copies) in &stored {
        let places: Vec<u64> = copies.iter().map(|message| message.seq).collect();
        let what = format!("{conversation}: nobody sent {name} of {sender} at seq {places:?}");
        problems.push(Problem::new(Rule::NobodyAsked, what));
    }
    real_time_order(&sends, problems);
}

fn group(operations: &[Operation]) -> BTreeMap<Key<'_>, Send<'_>> {
    let mut sends: BTreeMap<Key<'_>, Send<'_>> = BTreeMap::new();
    for operation in operations {
        let Action::Send { conversation, temp_id, content, reply_to, intent } = &operation.action else { continue };
        let name = temp_id.as_deref().unwrap_or(content);
        let send = sends.entry((*conversation, operation.actor, name)).or_insert_with(|| Send {
            attempts: Vec::new(),
            content,
            reply_to: *reply_to,
            acknowledged: Vec::new(),
        });
        send.attempts.push(operation);
        if let (Outcome::Ok { reply: Reply::Sent { message, seq } }, false) =
            (&operation.outcome, *intent == Intent::OtherBody)
        {
            send.acknowledged.push((operation, *message, *seq));
        }
    }
    sends
}

fn stored_messages<'a, 'b>(
    truths: &'b Truths<'a>,
    sends: &BTreeMap<Key<'a>, Send<'a>>,
) -> BTreeMap<Key<'a>, Vec<&'b MessageTruth<'a>>> {
    // What was edited or deleted no longer has the content by which it was sent.
    let by_id: BTreeMap<MessageId, &str> =
        sends.values().flat_map(|send| send.acknowledged.iter().map(|(_, id, _)| (*id, send.content))).collect();
    let mut stored: BTreeMap<Key<'a>, Vec<&'b MessageTruth<'a>>> = BTreeMap::new();
    for (conversation, truth) in truths {
        for message in truth.messages.values() {
            let body = message.message;
            let content = || by_id.get(&body.message_id).copied().or(body.content_encrypted.as_deref());
            let name = body.temp_id.as_deref().or_else(content).unwrap_or_default();
            stored.entry((*conversation, body.sender_id, name)).or_default().push(message);
        }
    }
    stored
}

fn verdict(send: &Send<'_>, copies: &[&MessageTruth<'_>]) -> Vec<(Rule, String)> {
    let mut found = Vec::new();
    if let [(_, message, seq), rest @ ..] = send.acknowledged.as_slice()
        && let Some((_, other, place)) = rest.iter().find(|(_, m, s)| (m, s) != (message, seq))
    {
        found.push((Rule::RetryDiffers, format!("{message} at {seq} at one time, {other} at {place} at another")));
    }
    if send.attempts.iter().any(|attempt| is_other_body(attempt) && attempt.outcome.is_ok()) {
        found.push((Rule::OtherBodyAccepted, "another body under the same temp_id was accepted".to_owned()));
    }
    if copies.len() > 1 {
        let places: Vec<u64> = copies.iter().map(|copy| copy.seq).collect();
        found.push((Rule::StoredTwice, format!("stored at seq {places:?}")));
    }
    match (send.acknowledged.first(), copies.first()) {
        (Some((_, message, seq)), None) => {
            found.push((Rule::AcknowledgedLost, format!("acknowledged as {message} at {seq}, and not in the history")));
        }
        (Some((_, message, seq)), Some(copy)) => {
            if (copy.message.message_id, copy.seq) != (*message, *seq) {
                let kept = format!("{} at {}", copy.message.message_id, copy.seq);
                found
                    .push((Rule::AcknowledgedDiffers, format!("acknowledged as {message} at {seq}, stored as {kept}")));
            }
        }
        (None, Some(copy)) if !send.attempts.iter().any(|attempt| attempt.outcome.is_possible()) => {
            found.push((Rule::RefusedStored, format!("refused, and yet stored at seq {}", copy.seq)));
        }
        (None, _) => {}
    }
    if let Some(copy) = copies.first()
        && let Err(what) = same_body(send, copy)
    {
        found.push((Rule::AcknowledgedDiffers, what));
    }
    found
}

/// The content of an edited or deleted message is judged with its edits.
fn same_body(send: &Send<'_>, copy: &MessageTruth<'_>) -> Result<(), String> {
    let untouched = copy.edits.is_empty() && copy.deleted.is_none();
    if untouched && copy.message.content_encrypted.as_deref() != Some(send.content) {
        return Err(format!("sent {}, stored {:?}", send.content, copy.message.content_encrypted));
    }
    if copy.message.reply_to_message_id != send.reply_to {
        return Err(format!(
            "sent as a reply to {:?}, stored as {:?}",
            send.reply_to, copy.message.reply_to_message_id
        ));
    }
    Ok(())
}

fn is_other_body(operation: &Operation) -> bool {
    matches!(operation.action, Action::Send { intent: Intent::OtherBody, .. })
}

/// What was acknowledged before another send began comes before it.
fn real_time_order(sends: &BTreeMap<Key<'_>, Send<'_>>, problems: &mut Vec<Problem>) {
    let mut spans: BTreeMap<ConversationId, Vec<Span>> = BTreeMap::new();
    for ((conversation, ..), send) in sends {
        spans.entry(*conversation).or_default().extend(Span::of(send));
    }
    for (conversation, mut spans) in spans {
        let mut by_end = spans.clone();
        by_end.sort_unstable_by_key(|span| span.ended);
        spans.sort_unstable_by_key(|span| span.began);
        let mut ended = by_end.into_iter().peekable();
        let mut highest: Option<Span> = None;
        for span in spans {
            while let Some(earlier) = ended.next_if(|earlier| earlier.ended < span.began) {
                highest = highest.filter(|high| high.seq > earlier.seq).or(Some(earlier));
            }
            if let Some(high) = highest
                && high.seq > span.seq
            {
                let what =
                    format!("{conversation}: seq {} was acknowledged before seq {} was sent", high.seq, span.seq);
                problems.push(Problem::new(Rule::RealTimeOrder, what).of([high.operation, span.operation]));
            }
        }
    }
}

/// The time in which a message got its place.
#[derive(Debug, Clone, Copy)]
struct Span {
    began: u64,
    ended: u64,
    seq: u64,
    operation: u64,
}

impl Span {
    fn of(send: &Send<'_>) -> Option<Self> {
        let (first, _, seq) = send.acknowledged.iter().min_by_key(|(operation, ..)| operation.ended)?;
        let began = send.attempts.iter().map(|attempt| attempt.began).min()?;
        Some(Self { began, ended: first.ended, seq: *seq, operation: first.number })
    }
}
