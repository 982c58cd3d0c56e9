//! `seq` is dense from 1, and every reader on every replica reads the same.

use confab_contract::MessageId;
use confab_contract::rest::messages::Message;
use confab_contract::timeline::TimelineFrame;

use super::Truths;
use super::problem::{Problem, Rule};
use super::truth::{Stay, Truth};
use crate::record::{Evidence, History};

pub(super) fn check(evidence: &Evidence, truths: &Truths<'_>, problems: &mut Vec<Problem>) {
    for (id, truth) in truths {
        if let Some((index, frame)) = first_hole(truth.events) {
            let what = format!("{id}: the event number {} has seq {}", index + 1, frame.seq);
            problems.push(Problem::new(Rule::SeqNotDense, what));
        }
        problems.extend(truth.absurd.iter().map(|what| Problem::new(Rule::StateDiffers, format!("{id}: {what}"))));
    }
    for history in &evidence.histories {
        if let Some(truth) = truths.get(&history.conversation)
            && let Err(what) = compare(history, truth)
        {
            let History { conversation, reader, replica, .. } = history;
            let what = format!("{conversation} as {reader} reads it on replica {replica}: {what}");
            problems.push(Problem::new(Rule::HistoriesDiffer, what));
        }
    }
}

fn first_hole(events: &[TimelineFrame]) -> Option<(usize, &TimelineFrame)> {
    events.iter().enumerate().find(|(index, frame)| frame.seq != *index as u64 + 1)
}

/// The three ways to read a conversation against its timeline.
fn compare(history: &History, truth: &Truth<'_>) -> Result<(), String> {
    let stay = truth.present_stay(history.reader).ok_or("the reader is no member and yet could read")?;
    let visible = || truth.events.iter().filter(move |frame| stay.covers(frame.seq));
    if !history.events.iter().eq(visible()) {
        let first = history.events.iter().zip(visible()).find(|(a, b)| a != b);
        return Err(match first {
            Some((read, owed)) => format!("the events differ first at seq {}: {read:?} and {owed:?}", owed.seq),
            None => format!("{} events were read, {} are there", history.events.len(), visible().count()),
        });
    }
    let owed = messages_in_order(truth, stay);
    let backward: Vec<MessageId> = history.messages.iter().rev().map(|message| message.message_id).collect();
    if backward != owed {
        return Err(difference("pages of messages backward", &backward, &owed));
    }
    if history.forward != owed.get(1..).unwrap_or_default() {
        return Err(difference("pages of messages forward", &history.forward, owed.get(1..).unwrap_or_default()));
    }
    history.messages.iter().try_for_each(|message| same_message(message, truth))
}

fn messages_in_order(truth: &Truth<'_>, stay: Stay) -> Vec<MessageId> {
    let mut messages: Vec<(u64, MessageId)> =
        truth.messages.iter().map(|(id, message)| (message.seq, *id)).filter(|(seq, _)| stay.covers(*seq)).collect();
    messages.sort_unstable();
    messages.into_iter().map(|(_, id)| id).collect()
}

fn difference(way: &str, read: &[MessageId], owed: &[MessageId]) -> String {
    let place = read.iter().zip(owed).take_while(|(a, b)| a == b).count();
    let (got, want) = (read.get(place), owed.get(place));
    format!(
        "{way}: {} read, {} owed; the first difference is number {place}: {got:?} and {want:?}",
        read.len(),
        owed.len()
    )
}

/// A message of a page shows what the timeline adds up to.
fn same_message(read: &Message, truth: &Truth<'_>) -> Result<(), String> {
    let Some(owed) = truth.messages.get(&read.message_id) else {
        return Err(format!("{} is not in the timeline", read.message_id));
    };
    let parts = [
        ("seq", read.seq == owed.seq),
        ("sender", read.sender_id == owed.message.sender_id),
        ("content", read.content_encrypted == owed.message.content_encrypted),
        ("reply", read.reply_to_message_id == owed.message.reply_to_message_id),
        ("reactions", read.reactions == owed.reactions),
        ("is_deleted", read.is_deleted == owed.deleted.is_some() && read.is_deleted == owed.message.is_deleted),
        ("is_edited", read.is_deleted || read.is_edited != owed.edits.is_empty()),
        ("metadata", read.metadata == owed.message.metadata),
    ];
    match parts.iter().find(|(_, same)| !same) {
        Some((part, _)) => Err(format!("{part} of {} is not what its timeline says: {read:?}", read.message_id)),
        None => Ok(()),
    }
}
