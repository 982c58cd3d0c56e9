//! A device without a socket: it asks now and then what has changed, and knows only what the sync cursor brings.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use confab_contract::ConversationId;
use confab_contract::rest::sync::ChangedConversation;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::cast::Cast;
use crate::client::Account;
use crate::client::api::Api;
use crate::client::failure::Failure;
use crate::record::{Followed, Follower};

/// Longest pause between two looks, in milliseconds.
const MOST_PAUSE: u64 = 600;
/// Between attempts when no server answers.
const RETRY: Duration = Duration::from_millis(100);
/// How long the last look may take, with its attempts.
const PATIENCE: Duration = Duration::from_secs(30);

/// All followers of a run: one for each person.
pub struct Followers {
    tasks: JoinSet<Follower>,
    is_quiet: watch::Sender<bool>,
}

impl Followers {
    /// Has everybody take a first look, and then more.
    pub fn start(cast: &Cast, apis: &[Api], seed: u64) -> Self {
        let (is_quiet, watch) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for (number, account) in cast.people().cloned().enumerate() {
            let rng = StdRng::seed_from_u64(seed.wrapping_mul(104_729).wrapping_add(number as u64));
            let device = Device { account, apis: Arc::from(apis), rng, cursor: None, known: BTreeMap::new() };
            tasks.spawn(device.run(watch.clone()));
        }
        Self { tasks, is_quiet }
    }

    /// Nothing changes any more: has everybody look until nothing is left, and hands over what they know.
    pub async fn finish(mut self) -> Vec<Follower> {
        self.is_quiet.send_replace(true);
        let mut all = Vec::new();
        while let Some(follower) = self.tasks.join_next().await {
            all.extend(follower);
        }
        all.sort_by_key(|follower| follower.user);
        all
    }
}

struct Device {
    account: Account,
    apis: Arc<[Api]>,
    rng: StdRng,
    cursor: Option<String>,
    known: BTreeMap<ConversationId, Followed>,
}

impl Device {
    async fn run(mut self, mut is_quiet: watch::Receiver<bool>) -> Follower {
        while !*is_quiet.borrow() {
            // What fails now is asked for again, with the same cursor.
            if !matches!(self.look().await, Ok(true)) {
                let pause = Duration::from_millis(self.rng.random_range(0..MOST_PAUSE));
                // Whoever started us is gone when this fails: then it is over.
                let _ = tokio::time::timeout(pause, is_quiet.changed()).await;
            }
        }
        let until = Instant::now() + PATIENCE;
        let mut is_complete = false;
        while !is_complete && Instant::now() < until {
            match self.look().await {
                Ok(has_more) => is_complete = !has_more,
                Err(_) => tokio::time::sleep(RETRY).await,
            }
        }
        Follower { user: self.account.user, known: self.known, is_complete }
    }

    /// One page; whether there are more. Nothing is taken over from a page that cannot be taken over whole.
    async fn look(&mut self) -> Result<bool, Failure> {
        let api = self.apis[self.rng.random_range(0..self.apis.len())].clone();
        let limit = self.rng.random_range(1..=20);
        let page = api.sync(&self.account, self.cursor.as_deref(), limit).await?;
        let is_first = self.cursor.is_none();
        let mut taken = Vec::new();
        for changed in page.conversations {
            taken.push((changed.conversation.conversation_id, self.take(&api, changed, is_first).await?));
        }
        for id in page.left {
            self.known.remove(&id);
        }
        self.known.extend(taken);
        self.cursor = Some(page.next_cursor);
        Ok(page.has_more)
    }

    /// A conversation as it is known after this change.
    async fn take(&self, api: &Api, changed: ChangedConversation, is_first: bool) -> Result<Followed, Failure> {
        let ChangedConversation { conversation, events, events_truncated, .. } = changed;
        let id = conversation.conversation_id;
        let (last_seq, unread_count) = (conversation.last_seq, conversation.unread_count);
        // A first look tells where each conversation stands. What is new later is known from its beginning.
        let begins_after = || if is_first { last_seq } else { events.first().map_or(0, |event| event.seq - 1) };
        let begun = || Followed { starts_after: begins_after(), ..Followed::default() };
        let mut followed = self.known.get(&id).cloned().unwrap_or_else(begun);
        followed.events.extend(events.into_iter().map(|event| (event.seq, event)));
        if events_truncated {
            let after = self.known.get(&id).map_or(0, Followed::last);
            let missed = api.events(&self.account, id, after).await?;
            followed.events.extend(missed.into_iter().map(|event| (event.seq, event)));
        }
        Ok(Followed { last_seq, unread_count, ..followed })
    }
}
