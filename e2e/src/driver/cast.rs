//! The people and conversations of a run.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use confab_contract::{ConversationId, UserId};

use super::Load;
use crate::client::Account;
use crate::client::api::Api;
use crate::record::Setting;

/// A conversation of the run.
#[derive(Debug, Clone)]
pub struct Talk {
    /// Which.
    pub id: ConversationId,
    /// Its maker.
    pub owner: UserId,
    /// Members from beginning to end.
    pub members: Vec<UserId>,
    /// Whether guests come and go.
    pub is_group: bool,
}

/// Everybody and everything before the load begins.
#[derive(Debug, Clone)]
pub struct Cast {
    /// Members from beginning to end.
    pub senders: Vec<Account>,
    /// Those who come and go.
    pub guests: Vec<Account>,
    /// Where they talk.
    pub talks: Vec<Talk>,
}

impl Cast {
    /// Signs everybody up and makes the conversations. `tag` keeps the names of runs on one site apart.
    pub async fn assemble(api: &Api, tag: &str, load: Load) -> Result<Self> {
        let mut senders = Vec::new();
        for number in 0..load.senders {
            senders.push(api.sign_up(&format!("sender-{tag}-{number}")).await.context("a sender cannot sign up")?);
        }
        let mut guests = Vec::new();
        for number in 0..load.guests {
            guests.push(api.sign_up(&format!("guest-{tag}-{number}")).await.context("a guest cannot sign up")?);
        }
        let everybody: Vec<UserId> = senders.iter().map(|account| account.user).collect();
        let mut talks = Vec::new();
        for (number, owner) in senders.iter().cycle().take(load.groups).enumerate() {
            let others: Vec<UserId> = everybody.iter().copied().filter(|user| *user != owner.user).collect();
            let id = api.create_group(owner, &format!("group {number}"), &others).await.context("no group")?;
            talks.push(Talk { id, owner: owner.user, members: everybody.clone(), is_group: true });
        }
        for pair in senders.windows(2) {
            if let [one, other] = pair {
                let id = api.create_direct(one, other.user).await.context("no direct conversation")?;
                talks.push(Talk { id, owner: one.user, members: vec![one.user, other.user], is_group: false });
            }
        }
        Ok(Self { senders, guests, talks })
    }

    /// Everybody.
    pub fn people(&self) -> impl Iterator<Item = &Account> {
        self.senders.iter().chain(&self.guests)
    }

    /// The account of somebody.
    pub fn account(&self, user: UserId) -> Option<&Account> {
        self.people().find(|account| account.user == user)
    }

    /// The conversations as evidence.
    pub fn settings(&self) -> BTreeMap<ConversationId, Setting> {
        let setting = |talk: &Talk| (talk.id, Setting { owner: talk.owner, members: talk.members.clone() });
        self.talks.iter().map(setting).collect()
    }
}
