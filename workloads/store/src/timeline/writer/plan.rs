//! Deciding a batch: who is refused, who is a retry, and which `seq` everybody else gets. Pure.

use std::collections::{BTreeMap, HashMap};

use confab_contract::{ConversationId, MessageId, TenantId, Timestamp, UserId};

use super::job::Job;
use crate::{Refusal, permission};

/// A conversation of the batch, as it stands while its row is held.
pub(super) type Place = (TenantId, ConversationId);

/// What the store says about one message of the batch.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// `None`: the sender is no active member.
    pub(super) visible_from: Option<u64>,
    pub(super) sender_is_suspended: bool,
    pub(super) peer_is_suspended: bool,
    /// What the sender stored under this `temp_id` before.
    pub(super) known: Option<Known>,
    /// Where the answered message is in this conversation.
    pub(super) reply_seq: Option<u64>,
}

/// A message under some `temp_id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) message_id: MessageId,
    pub(super) seq: u64,
    pub(super) digest: Option<String>,
    pub(super) created_at: Timestamp,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    /// It is new.
    Now { seq: u64 },
    /// It is a retry.
    Before { message_id: MessageId, seq: u64, created_at: Timestamp },
}

/// What to write, and what to answer.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// One for each job.
    pub(super) verdicts: Vec<Result<Stored, Refusal>>,
    /// Where each conversation that gets messages ends up, and when the newest was sent.
    pub(super) advances: BTreeMap<Place, (u64, Timestamp)>,
}

/// Goes through the jobs in the order of their arrival. `last_seqs` has every conversation that exists.
pub(super) fn plan(jobs: &[Job], mut last_seqs: HashMap<Place, u64>, facts: &[Facts]) -> Plan {
    let mut plan = Plan::default();
    let mut in_batch: HashMap<(Place, UserId, &str), Known> = HashMap::new();
    for (job, facts) in jobs.iter().zip(facts) {
        let place = job.conversation();
        let retry_key = job.temp_id().map(|temp_id| (place.clone(), job.message.sender, temp_id));
        let earlier = retry_key.as_ref().and_then(|key| in_batch.get(key)).or(facts.known.as_ref());
        let verdict = match (decide(job, facts, earlier), last_seqs.get_mut(&place)) {
            (Err(refusal), _) => Err(refusal),
            (Ok(Some(known)), _) => {
                Ok(Stored::Before { message_id: known.message_id, seq: known.seq, created_at: known.created_at })
            }
            (Ok(None), None) => Err(Refusal::ConversationNotFound),
            (Ok(None), Some(last_seq)) => {
                *last_seq += 1;
                let seq = *last_seq;
                plan.advances.insert(place, (seq, job.message.at));
                if let Some(key) = retry_key {
                    in_batch.insert(key, known(job, seq));
                }
                Ok(Stored::Now { seq })
            }
        };
        plan.verdicts.push(verdict);
    }
    plan
}

/// `Some`: it is a retry of that message. That comes first: what was stored is not refused later, also not to somebody
/// who may send no more, or has left since.
fn decide(job: &Job, facts: &Facts, earlier: Option<&Known>) -> Result<Option<Known>, Refusal> {
    if let Some(known) = earlier {
        return if known.digest == job.digest { Ok(Some(known.clone())) } else { Err(Refusal::TempIdReused) };
    }
    let visible_from = facts.visible_from.ok_or(Refusal::ConversationNotFound)?;
    permission::send(facts.sender_is_suspended, facts.peer_is_suspended)?;
    let answers_visibly = facts.reply_seq.is_some_and(|seq| seq >= visible_from);
    if job.message.reply_to.is_some() && !answers_visibly {
        return Err(Refusal::ReplyElsewhere);
    }
    Ok(None)
}

fn known(job: &Job, seq: u64) -> Known {
    Known { message_id: job.message.id, seq, digest: job.digest.clone(), created_at: job.message.at }
}

#[cfg(test)]
mod tests;
