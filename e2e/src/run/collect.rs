//! Reads everything from every replica.

use anyhow::{Context as _, Result};
use tokio::task::JoinSet;

use crate::client::Account;
use crate::client::api::Api;
use crate::driver::{Cast, Talk};
use crate::record::{History, Standing};

/// Readers of each conversation who read it whole, in all three ways; the owner is the first.
const WHOLE_READERS: usize = 3;

/// Histories and standings, as each replica shows them to members, and standings also of those who are none.
pub async fn collect(cast: &Cast, apis: &[Api]) -> Result<(Vec<History>, Vec<Standing>)> {
    let mut tasks: JoinSet<Result<(Vec<History>, Vec<Standing>)>> = JoinSet::new();
    for (replica, api) in apis.iter().enumerate() {
        tasks.spawn(read_replica(cast.clone(), api.clone(), replica));
    }
    let (mut histories, mut standings) = (Vec::new(), Vec::new());
    while let Some(result) = tasks.join_next().await {
        let (more_histories, more_standings) = result.context("a reader panicked")??;
        histories.extend(more_histories);
        standings.extend(more_standings);
    }
    Ok((histories, standings))
}

async fn read_replica(cast: Cast, api: Api, replica: usize) -> Result<(Vec<History>, Vec<Standing>)> {
    let (mut histories, mut standings) = (Vec::new(), Vec::new());
    for (number, talk) in cast.talks.iter().enumerate() {
        let mut readers: Vec<&Account> = cast.account(talk.owner).into_iter().collect();
        // Other members at each conversation, guests among them.
        let others: Vec<&Account> = cast.people().filter(|account| account.user != talk.owner).collect();
        readers.extend(others.iter().cycle().skip(number).take(others.len()));
        let mut whole = 0;
        for account in readers {
            let standing = standing(&api, replica, talk, account).await?;
            if standing.state.is_some() && whole < WHOLE_READERS {
                whole += 1;
                histories.push(history(&api, replica, talk, account).await?);
            }
            standings.push(standing);
        }
    }
    Ok((histories, standings))
}

async fn standing(api: &Api, replica: usize, talk: &Talk, account: &Account) -> Result<Standing> {
    let state = api.conversation(account, talk.id).await?;
    let members = if state.is_some() { api.members(account, talk.id).await? } else { Vec::new() };
    Ok(Standing { replica, reader: account.user, conversation: talk.id, state, members })
}

async fn history(api: &Api, replica: usize, talk: &Talk, account: &Account) -> Result<History> {
    let events = api.events(account, talk.id, 0).await?;
    let messages = api.messages(account, talk.id).await?;
    let forward = match messages.last() {
        Some(oldest) => api.messages_after(account, talk.id, oldest.message_id).await?,
        None => Vec::new(),
    };
    let forward = forward.iter().map(|message| message.message_id).collect();
    Ok(History { replica, reader: account.user, conversation: talk.id, events, messages, forward })
}
