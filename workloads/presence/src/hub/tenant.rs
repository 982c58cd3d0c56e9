//! The hub of one tenant: its feeds, its people here, and who watches whom.

mod life;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use confab_contract::bus::{BusMessage, Notice};
use confab_contract::socket::close::CloseReason;
use confab_contract::{ConversationId, TenantId, Timestamp, UserId};

use confab_store::presence::NodePresence;
use confab_store::receipts::Watermark;

use super::announced::Announced;
use super::feed::{Attached, Feed};
use super::people::{Change, People, Retired};
use super::permits::Permits;
use super::progress::Progress;
use super::watchers::Watchers;
use crate::event::Event;
use crate::parts::Core;
use crate::plan::Start;
use crate::session::catch_up::{CatchUp, Replay};
use crate::session::{Session, lock};

/// A tenant as this process sees it.
#[derive(Debug)]
pub struct TenantHub {
    /// Whose.
    pub tenant: TenantId,
    /// What all hubs share.
    pub core: Arc<Core>,
    conversations: Mutex<Conversations>,
    people: Mutex<People>,
    permits: Mutex<HashMap<UserId, Permits>>,
    watchers: Mutex<Watchers>,
    progress: Mutex<Progress>,
    attention: Mutex<Vec<Arc<Feed>>>,
    acknowledged: Mutex<HashMap<(ConversationId, UserId), u64>>,
    changed: Mutex<HashSet<UserId>>,
    leavers: Mutex<HashSet<UserId>>,
}

/// How a connection follows a conversation.
#[derive(Debug)]
pub enum Followed {
    /// Its feed delivers; so many events that it had missed are in its queue.
    Live(u64),
    /// This replay is needed first.
    Behind(Replay),
}

#[derive(Debug, Default)]
struct Conversations {
    feeds: HashMap<ConversationId, Arc<Feed>>,
    announced: Announced,
}

impl TenantHub {
    /// A tenant to which nobody is connected.
    pub fn new(tenant: TenantId, core: Arc<Core>) -> Self {
        Self {
            tenant,
            core,
            conversations: Mutex::default(),
            people: Mutex::default(),
            permits: Mutex::default(),
            watchers: Mutex::default(),
            progress: Mutex::default(),
            attention: Mutex::default(),
            acknowledged: Mutex::default(),
            changed: Mutex::default(),
            leavers: Mutex::default(),
        }
    }

    // --- Events ---

    /// A message came over the bus.
    pub fn on_message(self: &Arc<Self>, message: &BusMessage) {
        match &message.notice {
            Notice::Timeline(notice) => {
                self.on_event(notice.conversation, notice.seq, &notice.joined, || Event::from_notice(notice));
            }
            Notice::Receipt(notice) => {
                if let Some(feed) = self.feed(notice.conversation) {
                    feed.on_receipt(self, notice, Instant::now());
                }
            }
            Notice::Typing(notice) => {
                if let Some(feed) = self.feed(notice.conversation) {
                    feed.on_typing(self, notice.user, notice.is_typing, Instant::now());
                }
            }
            Notice::Presence(notice) => lock(&self.watchers).tell(notice),
            // Remembered by the process, which closes what has to be closed.
            Notice::SessionRevoked { .. } | Notice::TenantsChanged { .. } => {}
        }
    }

    /// An event was announced. It becomes an [`Event`] only if somebody here is to get it.
    fn on_event(
        self: &Arc<Self>,
        conversation: ConversationId,
        seq: u64,
        joined: &[UserId],
        event: impl Fn() -> Event,
    ) {
        let somebody_joins = !self.sessions_of(joined).is_empty();
        loop {
            let Some(feed) = self.feed_or_note(conversation, seq, somebody_joins) else { return };
            if feed.accept(self, seq, event()).is_ok() {
                break;
            }
        }
        if somebody_joins {
            self.prune(conversation);
        }
    }

    /// The feed of a conversation that somebody follows, or is about to. If there is none, how far the conversation
    /// reaches is noted for whoever begins to follow it.
    fn feed_or_note(&self, conversation: ConversationId, seq: u64, make: bool) -> Option<Arc<Feed>> {
        let mut conversations = lock(&self.conversations);
        if let Some(feed) = conversations.feeds.get(&conversation) {
            return Some(Arc::clone(feed));
        }
        if !make {
            conversations.announced.note(conversation, seq);
            return None;
        }
        Some(conversations.make(conversation))
    }

    /// The store knows a conversation up to `seq`. Hands out the feed that has to come that far, if it has not.
    pub fn learn(self: &Arc<Self>, conversation: ConversationId, seq: u64) -> Option<Arc<Feed>> {
        let feed = self.feed_or_note(conversation, seq, false)?;
        feed.learn(self, seq);
        (!feed.has_settled(seq)).then_some(feed)
    }

    fn feed(&self, conversation: ConversationId) -> Option<Arc<Feed>> {
        lock(&self.conversations).feeds.get(&conversation).cloned()
    }

    /// The conversations that are followed here.
    pub fn followed(&self) -> Vec<ConversationId> {
        lock(&self.conversations).feeds.keys().copied().collect()
    }

    /// Where the members of one conversation stand, as the store has it.
    pub fn on_watermarks(&self, watermarks: &[(ConversationId, Watermark)]) {
        if let Some((conversation, _)) = watermarks.first()
            && let Some(feed) = self.feed(*conversation)
        {
            feed.on_watermarks(self, watermarks, Instant::now());
        }
    }

    // --- Following ---

    /// The feed of a conversation, which stays until the connection has attached or given up.
    pub fn expect(&self, conversation: ConversationId) -> Arc<Feed> {
        let mut conversations = lock(&self.conversations);
        loop {
            let feed = match conversations.feeds.get(&conversation) {
                Some(feed) => Arc::clone(feed),
                None => conversations.make(conversation),
            };
            if feed.expect().is_ok() {
                return feed;
            }
            conversations.feeds.remove(&conversation);
        }
    }

    /// Lets a connection follow a conversation from `start` on.
    pub fn follow(&self, session: &Arc<Session>, start: Start) -> Followed {
        let Start { conversation, after, reaches } = start;
        let feed = self.expect(conversation);
        if !session.claim(conversation, &feed, false) {
            feed.expect_no_more();
            self.prune(conversation);
            return Followed::Live(0);
        }
        match feed.attach(session, after, reaches) {
            Attached::Live(missed) => Followed::Live(missed),
            Attached::Ahead(_) | Attached::Behind => Followed::Behind(Replay { feed, after, reaches }),
        }
    }

    /// Somebody joined by an event that was not delivered here in its turn: their connections catch up from the store.
    pub fn catch_up_joined(&self, joined: &[UserId], conversation: ConversationId) {
        for session in self.sessions_of(joined) {
            if session.takes_joins() && session.feed(conversation).is_none() {
                session.send_on_errands(vec![CatchUp::Join { conversation, by_event: false }]);
            }
        }
    }

    /// Forgets a feed that nobody needs.
    pub fn prune(&self, conversation: ConversationId) {
        let mut conversations = lock(&self.conversations);
        let Some(known) = conversations.feeds.get(&conversation).and_then(|feed| feed.retire()) else { return };
        conversations.feeds.remove(&conversation);
        conversations.announced.note(conversation, known);
    }

    /// Forgets announcements that are too old to matter, and feeds that events have emptied.
    pub fn age(&self) {
        let mut conversations = lock(&self.conversations);
        conversations.announced.age();
        conversations.feeds.values().for_each(|feed| feed.age());
        let empty: Vec<(ConversationId, u64)> = conversations
            .feeds
            .iter()
            .filter_map(|(conversation, feed)| feed.retire().map(|known| (*conversation, known)))
            .collect();
        for (conversation, known) in empty {
            conversations.feeds.remove(&conversation);
            conversations.announced.note(conversation, known);
        }
    }

    /// A feed needs to be looked at again soon.
    pub fn attend_to(&self, feed: Arc<Feed>) {
        lock(&self.attention).push(feed);
    }

    /// Looks at the feeds that asked for it.
    pub fn attend(&self, now: Instant) {
        let feeds = std::mem::take(&mut *lock(&self.attention));
        let again: Vec<Arc<Feed>> = feeds.into_iter().filter(|feed| feed.attend(now)).collect();
        lock(&self.attention).extend(again);
    }

    /// The tail's place.
    pub fn progress<R>(&self, with: impl FnOnce(&mut Progress) -> R) -> R {
        with(&mut lock(&self.progress))
    }

    /// Stops following the tenant if nobody is connected; says whether it is followed.
    pub fn is_followed(&self) -> bool {
        let mut progress = lock(&self.progress);
        if lock(&self.people).connections() == 0 {
            progress.rest();
        }
        progress.position().is_some()
    }

    // --- People ---

    /// A connection begins. An error: this hub has retired meanwhile, and the tenant has another.
    pub fn enter(&self, session: &Arc<Session>, most: u32) -> Result<(), Retired> {
        let oldest = lock(&self.people).add(session, usize::try_from(most).unwrap_or(usize::MAX))?;
        if let Some(oldest) = oldest {
            oldest.close(CloseReason::Replaced);
        }
        self.availability_changed(session.user);
        Ok(())
    }

    /// A connection has ended: undoes all that it took part in.
    pub fn leave(&self, session: &Session) {
        let (links, watching) = session.settle();
        for link in links {
            link.feed.depart(session, link.is_live);
            self.prune(link.conversation);
        }
        {
            let mut watchers = lock(&self.watchers);
            for user in watching {
                watchers.remove(session, user);
            }
        }
        lock(&self.people).remove(session, Instant::now(), self.core.settings.offline_grace());
        self.availability_changed(session.user);
    }

    /// The connections of these people.
    pub fn sessions_of(&self, users: &[UserId]) -> Vec<Arc<Session>> {
        if users.is_empty() {
            return Vec::new();
        }
        let people = lock(&self.people);
        users.iter().flat_map(|user| people.sessions(*user)).cloned().collect()
    }

    /// Looks at every connection. The people are locked meanwhile: be brief.
    pub fn for_each_session(&self, look: impl FnMut(&Arc<Session>)) {
        lock(&self.people).all().for_each(look);
    }

    /// Every connection.
    pub fn sessions(&self) -> Vec<Arc<Session>> {
        lock(&self.people).all().cloned().collect()
    }

    /// Closes the connections of revoked sessions.
    pub fn close_logins(&self, is_revoked: impl Fn(confab_contract::SessionId) -> bool) {
        let people = lock(&self.people);
        people.of_logins(is_revoked).for_each(|session| session.close(CloseReason::SessionRevoked));
    }

    /// The frames that a person may still send, over all connections here.
    pub fn permits<R>(&self, user: UserId, with: impl FnOnce(&mut Permits) -> R) -> R {
        with(lock(&self.permits).entry(user).or_default())
    }

    /// Forgets the frames of those whose window is over.
    pub fn forget_permits(&self, now: Timestamp) {
        let mut permits = lock(&self.permits);
        permits.retain(|_, permits| !permits.is_over(now));
        permits.shrink_to_fit();
    }

    // --- Availability ---

    /// Somebody's availability on this process may have changed.
    pub fn availability_changed(&self, user: UserId) {
        lock(&self.changed).insert(user);
    }

    /// What the store should be told of those whose availability may have changed.
    pub fn take_changes(&self, now: Instant) -> Vec<NodePresence> {
        let users = std::mem::take(&mut *lock(&self.changed));
        if users.is_empty() {
            return Vec::new();
        }
        let mut people = lock(&self.people);
        let change = |user| match people.change(user, now) {
            Change::Write { status, is_afresh } => {
                Some(NodePresence { tenant: self.tenant.clone(), user, status, is_afresh })
            }
            Change::None => None,
        };
        users.into_iter().filter_map(change).collect()
    }

    /// With access to the people.
    pub fn people<R>(&self, with: impl FnOnce(&mut People) -> R) -> R {
        with(&mut lock(&self.people))
    }

    /// With access to the watch list.
    pub fn watchers<R>(&self, with: impl FnOnce(&mut Watchers) -> R) -> R {
        with(&mut lock(&self.watchers))
    }

    /// These people left a conversation: who watched them, or was watched by them, may not be visible any more.
    pub fn recheck_visibility(&self, users: &[UserId]) {
        lock(&self.leavers).extend(users);
    }

    /// Takes those whose visibility is to be checked.
    pub fn take_leavers(&self) -> Vec<UserId> {
        std::mem::take(&mut *lock(&self.leavers)).into_iter().collect()
    }

    // --- Acknowledgements ---

    /// A device of somebody has everything up to `seq`.
    pub fn acknowledge(&self, conversation: ConversationId, user: UserId, seq: u64) {
        let mut acknowledged = lock(&self.acknowledged);
        let watermark = acknowledged.entry((conversation, user)).or_default();
        *watermark = (*watermark).max(seq);
    }

    /// Takes what was acknowledged.
    pub fn take_acknowledged(&self) -> Vec<(ConversationId, UserId, u64)> {
        let taken = std::mem::take(&mut *lock(&self.acknowledged));
        taken.into_iter().map(|((conversation, user), seq)| (conversation, user, seq)).collect()
    }
}

impl Conversations {
    fn make(&mut self, conversation: ConversationId) -> Arc<Feed> {
        let feed = Arc::new(Feed::new(conversation, self.announced.reach(conversation)));
        self.feeds.insert(conversation, Arc::clone(&feed));
        feed
    }
}
