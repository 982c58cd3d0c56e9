//! Carries out a plan. After an unknown outcome it asks again with the same `temp_id`, at the next server, as a client
//! behind a load balancer would.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use confab_contract::{ConversationId, MessageId, UserId};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use tokio::task::JoinSet;

use super::board::{Board, Posted};
use super::cast::{Cast, Talk};
use super::journal::{Journal, outcome};
use super::plan::{SendStep, Step, next_step};
use crate::client::Account;
use crate::client::api::{Api, Outgoing};
use crate::client::backoff::Backoff;
use crate::client::failure::Failure;
use crate::record::{Action, Intent, Reply};

/// How long a sender tries to get one message through.
const GIVE_UP: Duration = Duration::from_secs(20);
/// Own messages that may still be edited or deleted.
const OWN: usize = 20;
const EMOJI: [&str; 4] = ["👍", "❤️", "😂", "🎉"];

/// All senders of a run.
pub struct Senders {
    tasks: JoinSet<()>,
    stop: Arc<AtomicBool>,
}

impl Senders {
    /// Starts one for each person of the cast.
    pub fn start(cast: &Cast, apis: &[Api], journal: &Arc<Journal>, seed: u64, pause_millis: u64) -> Self {
        let (stop, board) = (Arc::new(AtomicBool::new(false)), Arc::new(Board::default()));
        let mut tasks = JoinSet::new();
        for (number, account) in cast.people().enumerate() {
            let is_guest = number >= cast.senders.len();
            let takes_part = |talk: &&Talk| talk.members.contains(&account.user) || (is_guest && talk.is_group);
            let sender = Sender {
                account: account.clone(),
                is_guest,
                number,
                talks: cast.talks.iter().filter(takes_part).cloned().collect(),
                guests: cast.guests.iter().map(|guest| guest.user).collect(),
                apis: apis.to_vec(),
                replica: number % apis.len(),
                journal: Arc::clone(journal),
                board: Arc::clone(&board),
                rng: StdRng::seed_from_u64(seed.wrapping_mul(1000).wrapping_add(number as u64)),
                own: VecDeque::new(),
                given: VecDeque::new(),
                sent: 0,
            };
            tasks.spawn(sender.run(Arc::clone(&stop), pause_millis));
        }
        Self { tasks, stop }
    }

    /// Lets each finish what it is doing.
    pub async fn finish(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// One person who sends.
struct Sender {
    account: Account,
    is_guest: bool,
    number: usize,
    talks: Vec<Talk>,
    guests: Vec<UserId>,
    apis: Vec<Api>,
    replica: usize,
    journal: Arc<Journal>,
    board: Arc<Board>,
    rng: StdRng,
    own: VecDeque<(ConversationId, MessageId)>,
    given: VecDeque<(ConversationId, MessageId, &'static str)>,
    sent: u64,
}

impl Sender {
    async fn run(mut self, is_over: Arc<AtomicBool>, pause_millis: u64) {
        while !is_over.load(Ordering::Relaxed) {
            let (pause, step) = next_step(&mut self.rng, pause_millis);
            tokio::time::sleep(pause).await;
            if self.rng.random_bool(0.1) {
                self.switch();
            }
            let Some(talk) = self.talks.choose(&mut self.rng).cloned() else { return };
            match step {
                Step::Send(how) => self.send(talk.id, how).await,
                Step::Edit => self.edit().await,
                Step::Delete => self.delete().await,
                Step::React => self.react(talk.id).await,
                Step::Read => self.read(talk.id).await,
                Step::Membership => self.change_members(&talk).await,
            }
        }
    }

    async fn send(&mut self, conversation: ConversationId, how: SendStep) {
        self.sent += 1;
        let temp_id = how.has_temp_id.then(|| format!("t-{}-{}", self.number, self.sent));
        let reply_to = how.is_reply.then(|| self.board.pick(conversation, &mut self.rng)).flatten();
        let message = Draft {
            conversation,
            content: self.content("message"),
            temp_id,
            reply_to: reply_to.map(|posted| posted.message),
        };
        let other = (self.replica + 1) % self.apis.len();
        let mut result = if how.twin {
            let twin = self.attempt(&message, Intent::Twin, other);
            let (first, _) = tokio::join!(self.attempt(&message, Intent::First, self.replica), twin);
            first
        } else {
            self.attempt(&message, Intent::First, self.replica).await
        };
        let (begin, mut backoff) = (Instant::now(), Backoff::default());
        while let Err(failure) = &result {
            let unknown = matches!(failure, Failure::Unknown(_));
            if !failure.is_worth_a_retry() || (unknown && message.temp_id.is_none()) || begin.elapsed() > GIVE_UP {
                return;
            }
            self.switch();
            tokio::time::sleep(backoff.next_pause(&mut self.rng)).await;
            result = self.attempt(&message, Intent::Retry, self.replica).await;
        }
        let Ok(Reply::Sent { message: id, seq }) = result else { return };
        self.board.post(conversation, Posted { message: id, seq });
        self.own.push_back((conversation, id));
        if self.own.len() > OWN {
            self.own.pop_front();
        }
        if how.repeat {
            let _ = self.attempt(&message, Intent::Repeat, other).await;
        }
        if how.other_body {
            let changed = Draft { content: self.content("another body"), ..message };
            let _ = self.attempt(&changed, Intent::OtherBody, other).await;
        }
    }

    async fn attempt(&self, draft: &Draft, intent: Intent, replica: usize) -> Result<Reply, Failure> {
        let begun = self.journal.begin(self.account.user, replica);
        let Draft { conversation, content, temp_id, reply_to } = draft;
        let outgoing = Outgoing { content, temp_id: temp_id.as_deref(), reply_to: *reply_to };
        let result = self.apis[replica].send(&self.account, *conversation, &outgoing).await;
        let result = result.map(|sent| Reply::Sent { message: sent.message_id, seq: sent.seq });
        let action = Action::Send {
            conversation: *conversation,
            temp_id: temp_id.clone(),
            content: content.clone(),
            reply_to: *reply_to,
            intent,
        };
        self.journal.end(begun, action, outcome(&result));
        result
    }

    async fn edit(&mut self) {
        let Some((conversation, message)) = self.pick_own() else { return };
        self.sent += 1;
        let content = self.content("edit");
        let begun = self.journal.begin(self.account.user, self.replica);
        let result = self.api().edit(&self.account, message, &content).await;
        let result = result.map(|edited| Reply::Edited { seq: edited.seq });
        self.note(begun, Action::Edit { conversation, message, content }, &result);
    }

    async fn delete(&mut self) {
        let Some((conversation, message)) = self.pick_own() else { return };
        self.own.retain(|(_, own)| *own != message);
        let begun = self.journal.begin(self.account.user, self.replica);
        let result = self.api().delete(&self.account, message).await.map(|()| Reply::Done);
        self.note(begun, Action::Delete { conversation, message }, &result);
    }

    async fn react(&mut self, conversation: ConversationId) {
        let take_back = self.rng.random_bool(0.4).then(|| self.given.pop_front()).flatten();
        let (conversation, message, emoji, added) = if let Some((conversation, message, emoji)) = take_back {
            (conversation, message, emoji, false)
        } else {
            let Some(posted) = self.board.pick(conversation, &mut self.rng) else { return };
            let emoji = EMOJI.choose(&mut self.rng).copied().unwrap_or(EMOJI[0]);
            // Given once and taken back once: what the server does to a second time is not a matter of this run.
            if self.given.iter().any(|given| given.1 == posted.message && given.2 == emoji) {
                return;
            }
            (conversation, posted.message, emoji, true)
        };
        let begun = self.journal.begin(self.account.user, self.replica);
        let result = if added {
            self.api().react(&self.account, message, emoji).await
        } else {
            self.api().unreact(&self.account, message, emoji).await
        };
        if added && !matches!(result, Err(Failure::Refused { .. })) {
            self.given.push_back((conversation, message, emoji));
        }
        let action = Action::React { conversation, message, emoji: emoji.to_owned(), added };
        self.note(begun, action, &result.map(|()| Reply::Done));
    }

    async fn read(&mut self, conversation: ConversationId) {
        let Some(Posted { message, seq }) = self.board.pick(conversation, &mut self.rng) else { return };
        let begun = self.journal.begin(self.account.user, self.replica);
        let result = self.api().read(&self.account, conversation, message).await.map(|()| Reply::Done);
        self.note(begun, Action::Read { conversation, message, seq }, &result);
    }

    /// Only owners, so that the changes of one conversation come one after the other.
    async fn change_members(&mut self, talk: &Talk) {
        let mine = self.talks.iter().filter(|talk| talk.is_group && talk.owner == self.account.user);
        let Some(conversation) = mine.map(|talk| talk.id).next().filter(|_| !self.is_guest) else { return };
        let conversation = if talk.is_group && talk.owner == self.account.user { talk.id } else { conversation };
        let Some(user) = self.guests.choose(&mut self.rng).copied() else { return };
        let add = self.rng.random_bool(0.5);
        let begun = self.journal.begin(self.account.user, self.replica);
        let (action, result) = if add {
            let result = self.api().add_member(&self.account, conversation, user).await;
            (Action::Add { conversation, user }, result)
        } else {
            let result = self.api().remove_member(&self.account, conversation, user).await;
            (Action::Remove { conversation, user }, result)
        };
        self.note(begun, action, &result.map(|()| Reply::Done));
    }

    fn note(&mut self, begun: super::journal::Begun, action: Action, result: &Result<Reply, Failure>) {
        self.journal.end(begun, action, outcome(result));
        if result.as_ref().is_err_and(Failure::is_worth_a_retry) {
            self.switch();
        }
    }

    fn api(&self) -> &Api {
        &self.apis[self.replica]
    }

    fn switch(&mut self) {
        self.replica = (self.replica + 1) % self.apis.len();
    }

    fn pick_own(&mut self) -> Option<(ConversationId, MessageId)> {
        let place = self.rng.random_range(0..self.own.len().max(1));
        self.own.get(place).copied()
    }

    /// Text that no other message of the run has, of very different lengths.
    fn content(&mut self, kind: &str) -> String {
        let padding = if self.rng.random_bool(0.05) { 4000 } else { self.rng.random_range(0..200) };
        STANDARD.encode(format!("{kind} {} of sender {} {}", self.sent, self.number, "x".repeat(padding)))
    }
}

/// A message before it is sent.
struct Draft {
    conversation: ConversationId,
    content: String,
    temp_id: Option<String>,
    reply_to: Option<MessageId>,
}
