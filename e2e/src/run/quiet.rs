//! Waits until nothing moves any more, so that every replica and every reader has to show the same.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use confab_contract::{ConversationId, UserId};

use crate::client::api::Api;
use crate::driver::{Cast, Targets};
use crate::record::{Action, Operation};

/// Longest wait for anything that must come by itself.
pub const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(200);
/// Looks that must show the same: a request that was frozen with its server may still be carried out.
const STEADY_LOOKS: usize = 5;

/// Waits until no conversation grows; says what everybody must have.
pub async fn wait(cast: &Cast, api: &Api) -> Result<Targets> {
    let until = Instant::now() + PATIENCE;
    let (mut before, mut same) = (BTreeMap::new(), 0);
    while same < STEADY_LOOKS {
        let now = last_seqs(cast, api).await?;
        same = if now == before { same + 1 } else { 0 };
        before = now;
        if Instant::now() > until {
            bail!("conversations still grow {PATIENCE:?} after the load");
        }
        tokio::time::sleep(POLL).await;
    }
    let mut targets = Targets::new();
    for account in cast.people() {
        let mine = targets.entry(account.user).or_default();
        for talk in &cast.talks {
            let state = api.conversation(account, talk.id).await.context("a conversation cannot be read")?;
            mine.extend(state.map(|state| (talk.id, state.last_seq)));
        }
    }
    Ok(targets)
}

async fn last_seqs(cast: &Cast, api: &Api) -> Result<BTreeMap<ConversationId, u64>> {
    let mut all = BTreeMap::new();
    for talk in &cast.talks {
        let owner = cast.account(talk.owner).context("an owner is in the cast")?;
        let state = api.conversation(owner, talk.id).await.context("a conversation cannot be read")?;
        all.insert(talk.id, state.context("an owner is a member")?.last_seq);
    }
    Ok(all)
}

/// Waits until every server shows the last acknowledgements. What does not come in time is for the checker.
pub async fn wait_for_watermarks(cast: &Cast, apis: &[Api], operations: &[Operation]) {
    let mut last: BTreeMap<ConversationId, BTreeMap<UserId, u64>> = BTreeMap::new();
    for operation in operations.iter().filter(|operation| operation.outcome.is_ok()) {
        if let Action::Ack { conversation, seq } = operation.action {
            last.entry(conversation).or_default().insert(operation.actor, seq);
        }
    }
    let until = Instant::now() + PATIENCE;
    for api in apis {
        for talk in &cast.talks {
            let (Some(owner), Some(owed)) = (cast.account(talk.owner), last.get(&talk.id)) else { continue };
            while Instant::now() < until {
                let members = api.members(owner, talk.id).await.unwrap_or_default();
                let reached = |member: &confab_contract::rest::members::Member| {
                    let owed = owed.get(&member.participant.user_id).copied().unwrap_or_default();
                    member.delivered_seq >= owed
                };
                if !members.is_empty() && members.iter().all(reached) {
                    break;
                }
                tokio::time::sleep(POLL).await;
            }
        }
    }
}
