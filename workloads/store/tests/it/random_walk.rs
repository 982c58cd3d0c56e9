//! A random walk over a group, compared with a plain model after every step.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use confab_contract::rest::members::Role;
use confab_contract::{ConversationId, MessageId, UserId};
use confab_store::messages::{self, Cursor};
use confab_store::receipts::{self, Ack};
use confab_store::{WriteError, conversations, members, reactions, timeline};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::world::World;

const PEOPLE: usize = 4;

/// A step; people and messages by number.
#[derive(Debug, Clone)]
enum Step {
    Send(usize),
    Edit(usize, usize),
    DeleteForEveryone(usize, usize),
    DeleteForMe(usize, usize),
    React(usize, usize),
    Read(usize, usize),
    Ack(usize, u64),
    Add(usize, usize),
    Remove(usize, usize),
    Leave(usize),
    Promote(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (person, message) = (0..PEOPLE, 0..12_usize);
    prop_oneof![
        6 => person.clone().prop_map(Step::Send),
        2 => (person.clone(), message.clone()).prop_map(|(p, m)| Step::Edit(p, m)),
        2 => (person.clone(), message.clone()).prop_map(|(p, m)| Step::DeleteForEveryone(p, m)),
        2 => (person.clone(), message.clone()).prop_map(|(p, m)| Step::DeleteForMe(p, m)),
        2 => (person.clone(), message.clone()).prop_map(|(p, m)| Step::React(p, m)),
        3 => (person.clone(), message).prop_map(|(p, m)| Step::Read(p, m)),
        2 => (person.clone(), 0..40_u64).prop_map(|(p, seq)| Step::Ack(p, seq)),
        2 => (person.clone(), person.clone()).prop_map(|(p, q)| Step::Add(p, q)),
        1 => (person.clone(), person.clone()).prop_map(|(p, q)| Step::Remove(p, q)),
        1 => person.clone().prop_map(Step::Leave),
        1 => (person.clone(), person).prop_map(|(p, q)| Step::Promote(p, q)),
    ]
}

#[test]
fn sqlite_agrees_with_the_model() {
    walk(60, World::sqlite);
}

#[test]
fn postgres_agrees_with_the_model() {
    walk(25, World::postgres);
}

fn walk<F: Future<Output = World>>(cases: u32, world: impl FnOnce() -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let world = runtime.block_on(world());
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() });
    let number = Cell::new(0);
    let steps = proptest::collection::vec(step(), 1..40);
    let walked = runner.run(&steps, |steps| {
        // Every walk has people and a group of its own, in one database.
        number.set(number.get() + 1);
        runtime.block_on(Walk::begin(&world, number.get())).and_then(|walk| runtime.block_on(walk.go(steps)))
    });
    walked.unwrap();
}

/// What a message should be.
#[derive(Debug, Clone)]
struct Message {
    id: MessageId,
    seq: u64,
    sender: usize,
    content: Option<String>,
    hidden_for: BTreeSet<usize>,
    reactions: BTreeSet<usize>,
}

/// What a member should be.
#[derive(Debug, Clone)]
struct Member {
    role: Role,
    joined: (u64, usize),
    visible_from: u64,
    is_active: bool,
    read_seq: u64,
    delivered_seq: u64,
}

struct Walk<'a> {
    world: &'a World,
    people: Vec<UserId>,
    group: ConversationId,
    last_seq: u64,
    messages: Vec<Message>,
    members: BTreeMap<usize, Member>,
}

type Verdict<T = ()> = Result<T, TestCaseError>;

impl<'a> Walk<'a> {
    async fn begin(world: &'a World, number: u32) -> Verdict<Self> {
        let mut people = Vec::new();
        for person in 0..PEOPLE {
            people.push(world.user(&format!("walker{number}-{person}")).await);
        }
        let group = world.group(&people[..3]).await;
        let member = |place, role| Member {
            role,
            joined: (1, place),
            visible_from: 1,
            is_active: true,
            read_seq: 0,
            delivered_seq: 0,
        };
        let members =
            BTreeMap::from([(0, member(0, Role::Owner)), (1, member(1, Role::Member)), (2, member(2, Role::Member))]);
        Ok(Self { world, people, group, last_seq: 1, messages: Vec::new(), members })
    }

    async fn go(mut self, steps: Vec<Step>) -> Verdict {
        for step in steps {
            self.step(&step).await?;
            self.compare(&step).await?;
        }
        Ok(())
    }

    fn active(&self, person: usize) -> Option<&Member> {
        self.members.get(&person).filter(|member| member.is_active)
    }

    /// A message that the person sees, by number.
    fn visible(&self, person: usize, message: usize) -> Option<usize> {
        let from = self.active(person)?.visible_from;
        let found = self.messages.get(message)?;
        (found.seq >= from && !found.hidden_for.contains(&person)).then_some(message)
    }

    fn message_id(&self, message: usize) -> MessageId {
        self.messages.get(message).map_or_else(MessageId::generate, |message| message.id)
    }

    async fn step(&mut self, step: &Step) -> Verdict {
        match *step {
            Step::Send(person) => self.send(person).await,
            Step::Edit(person, message) => self.edit(person, message).await,
            Step::DeleteForEveryone(person, message) => self.delete_for_everyone(person, message).await,
            Step::DeleteForMe(person, message) => self.delete_for_me(person, message).await,
            Step::React(person, message) => self.react(person, message).await,
            Step::Read(person, message) => self.read(person, message).await,
            Step::Ack(person, seq) => self.acknowledge(person, seq).await,
            Step::Add(person, other) => self.add(person, other).await,
            Step::Remove(person, other) => self.remove(person, other).await,
            Step::Leave(person) => self.leave(person).await,
            Step::Promote(person, other) => self.promote(person, other).await,
        }
    }

    async fn send(&mut self, person: usize) -> Verdict {
        let text = format!("text{}", self.last_seq);
        let message = self.world.message(self.group, self.people[person], &text);
        let id = message.id;
        let sent = self.world.try_send(message).await;
        if agree(self.active(person).is_some(), &sent)? {
            self.last_seq += 1;
            prop_assert_eq!(sent.unwrap().message.seq, self.last_seq);
            let (hidden_for, reactions) = (BTreeSet::new(), BTreeSet::new());
            let content = Some(text);
            self.messages.push(Message { id, seq: self.last_seq, sender: person, content, hidden_for, reactions });
        }
        Ok(())
    }

    async fn edit(&mut self, person: usize, message: usize) -> Verdict {
        let (store, tenant) = (&self.world.store, &self.world.tenant);
        let (id, now) = (self.message_id(message), self.world.now());
        let text = format!("edit{}", self.last_seq);
        let done = messages::edit(store, tenant, self.people[person], id, text.clone(), now).await;
        let target = self.visible(person, message).map(|message| &mut self.messages[message]);
        let target = target.filter(|target| target.sender == person && target.content.is_some());
        if agree(target.is_some(), &done)? {
            self.last_seq += 1;
            prop_assert_eq!(done.unwrap().0.seq, self.last_seq);
            self.messages[message].content = Some(text);
        }
        Ok(())
    }

    async fn delete_for_everyone(&mut self, person: usize, message: usize) -> Verdict {
        let (store, tenant) = (&self.world.store, &self.world.tenant);
        let (id, now) = (self.message_id(message), self.world.now());
        let done = messages::delete_for_everyone(store, tenant, self.people[person], id, now).await;
        let moderates = self.active(person).is_some_and(|member| member.role >= Role::Admin);
        let allowed = self.visible(person, message).filter(|m| moderates || self.messages[*m].sender == person);
        if agree(allowed.is_some(), &done)? {
            let target = &mut self.messages[message];
            prop_assert_eq!(done.unwrap().is_some(), target.content.is_some());
            if target.content.take().is_some() {
                target.reactions.clear();
                self.last_seq += 1;
            }
        }
        Ok(())
    }

    async fn delete_for_me(&mut self, person: usize, message: usize) -> Verdict {
        let (store, tenant) = (&self.world.store, &self.world.tenant);
        let id = self.message_id(message);
        let done = messages::delete_for_me(store, tenant, self.people[person], id).await.unwrap();
        let from = self.active(person).map(|member| member.visible_from);
        let target = self.messages.get_mut(message).filter(|target| from.is_some_and(|from| target.seq >= from));
        prop_assert_eq!(done, target.is_some());
        if let Some(target) = target {
            target.hidden_for.insert(person);
        }
        Ok(())
    }

    async fn react(&mut self, person: usize, message: usize) -> Verdict {
        let (store, tenant) = (&self.world.store, &self.world.tenant);
        let (id, now) = (self.message_id(message), self.world.now());
        let done = reactions::add(store, tenant, self.people[person], id, "👍", now).await;
        let target = self.visible(person, message).filter(|message| self.messages[*message].content.is_some());
        if agree(target.is_some(), &done)? {
            let is_new = self.messages[message].reactions.insert(person);
            prop_assert_eq!(done.unwrap().1.is_some(), is_new);
            self.last_seq += u64::from(is_new);
        }
        Ok(())
    }

    async fn read(&mut self, person: usize, message: usize) -> Verdict {
        let (store, tenant) = (&self.world.store, &self.world.tenant);
        let (id, now) = (self.message_id(message), self.world.now());
        let done = receipts::mark_read(store, tenant, self.people[person], self.group, id, now).await;
        let seq = self.messages.get(message).map(|message| message.seq);
        let member = self.members.get_mut(&person).filter(|member| member.is_active);
        let place = member.zip(seq).filter(|(member, seq)| *seq >= member.visible_from);
        if !agree(place.is_some(), &done)? {
            return Ok(());
        }
        if let Some((member, seq)) = place {
            prop_assert_eq!(done.unwrap().is_some(), seq > member.read_seq);
            member.read_seq = member.read_seq.max(seq);
            member.delivered_seq = member.delivered_seq.max(member.read_seq);
        }
        Ok(())
    }

    async fn acknowledge(&mut self, person: usize, seq: u64) -> Verdict {
        let (tenant, conversation) = (self.world.tenant.clone(), self.group);
        let ack = Ack { tenant, conversation, user: self.people[person], seq };
        let done = receipts::acknowledge(&self.world.store, vec![ack], self.world.now()).await.unwrap();
        let reached = seq.min(self.last_seq);
        let member = self.members.get_mut(&person).filter(|member| member.is_active);
        let moves = member.filter(|member| reached > member.delivered_seq);
        prop_assert_eq!(done.len(), usize::from(moves.is_some()));
        if let Some(member) = moves {
            prop_assert_eq!(done[0].seq, reached);
            member.delivered_seq = reached;
        }
        Ok(())
    }

    async fn add(&mut self, person: usize, other: usize) -> Verdict {
        let (store, tenant) = (&self.world.store, &self.world.tenant);
        let new = [self.people[other]];
        let now = self.world.now();
        let done = members::add(store, tenant, self.people[person], self.group, &new, 500, now).await;
        let allowed = person != other && self.active(person).is_some_and(|member| member.role >= Role::Admin);
        if !agree(allowed, &done)? {
            return Ok(());
        }
        let joins = self.active(other).is_none();
        prop_assert_eq!(done.unwrap().is_some(), joins);
        if joins {
            self.last_seq += 1;
            let seq = self.last_seq;
            let marks = self.members.get(&other).map_or((0, 0), |old| (old.read_seq, old.delivered_seq));
            let (read_seq, delivered_seq) = marks;
            let (role, joined) = (Role::Member, (seq, 0));
            let member = Member { role, joined, visible_from: seq, is_active: true, read_seq, delivered_seq };
            self.members.insert(other, member);
        }
        Ok(())
    }

    async fn remove(&mut self, person: usize, other: usize) -> Verdict {
        let (store, tenant) = (&self.world.store, &self.world.tenant);
        let now = self.world.now();
        let done = members::remove(store, tenant, self.people[person], self.group, self.people[other], now).await;
        let roles = self.active(person).map(|member| member.role).zip(self.active(other).map(|member| member.role));
        let allowed = person != other && roles.is_some_and(|(own, theirs)| own >= Role::Admin && theirs < own);
        if agree(allowed, &done)? {
            self.last_seq += 1;
            self.bury(other);
        }
        Ok(())
    }

    async fn leave(&mut self, person: usize) -> Verdict {
        let (store, tenant) = (&self.world.store, &self.world.tenant);
        let done = members::leave(store, tenant, self.people[person], self.group, self.world.now()).await;
        let was_owner = self.active(person).map(|member| member.role == Role::Owner);
        if agree(was_owner.is_some(), &done)? {
            self.last_seq += 1;
            self.bury(person);
            let others = self.members.values_mut().filter(|member| member.is_active);
            let eldest = others.min_by_key(|member| (std::cmp::Reverse(member.role), member.joined));
            if let (Some(true), Some(heir)) = (was_owner, eldest) {
                heir.role = Role::Owner;
            }
        }
        Ok(())
    }

    async fn promote(&mut self, person: usize, other: usize) -> Verdict {
        let (store, tenant) = (&self.world.store, &self.world.tenant);
        let (now, role) = (self.world.now(), Role::Admin);
        let user = self.people[other];
        let done = members::change_role(store, tenant, self.people[person], self.group, user, role, now).await;
        let is_owner = self.active(person).is_some_and(|member| member.role == Role::Owner);
        let allowed = is_owner && person != other && self.active(other).is_some();
        if agree(allowed, &done)? {
            let is_new = self.active(other).is_some_and(|member| member.role != role);
            prop_assert_eq!(done.unwrap().is_some(), is_new);
            self.last_seq += u64::from(is_new);
            if let Some(member) = self.members.get_mut(&other) {
                member.role = role;
            }
        }
        Ok(())
    }

    fn bury(&mut self, person: usize) {
        if let Some(member) = self.members.get_mut(&person) {
            member.is_active = false;
        }
    }

    /// Everything that everybody sees.
    async fn compare(&self, step: &Step) -> Verdict {
        let (store, tenant) = (&self.world.store, &self.world.tenant);
        for (person, user) in self.people.iter().enumerate() {
            let row = conversations::get(store, tenant, *user, self.group, self.world.now()).await.unwrap();
            let Some(member) = self.active(person) else {
                prop_assert!(row.is_none(), "{person} still sees the group after {step:?}");
                continue;
            };
            let Some(row) = row else { return Err(TestCaseError::fail(format!("{person} lost the group: {step:?}"))) };
            let seen: Vec<&Message> = self
                .messages
                .iter()
                .filter(|message| message.seq >= member.visible_from && !message.hidden_for.contains(&person))
                .collect();
            let is_unread = |m: &&&Message| m.seq > member.read_seq && m.sender != person && m.content.is_some();
            let expected = (seen.iter().filter(is_unread).count() as u64, self.last_seq, member.read_seq, member.role);
            prop_assert_eq!((row.unread_count, row.last_seq, row.read_seq, row.role), expected, "after {:?}", step);
            prop_assert_eq!(row.last_message.map(|last| last.message_id), seen.last().map(|last| last.id));
            let page = messages::page(store, tenant, *user, self.group, Cursor::Newest, 100).await.unwrap();
            let shown: Vec<_> = page
                .messages
                .iter()
                .rev()
                .map(|m| (m.message_id, m.seq, m.content_encrypted.clone(), m.reactions.values().map(Vec::len).sum()))
                .collect();
            let expected: Vec<(_, _, _, usize)> =
                seen.iter().map(|m| (m.id, m.seq, m.content.clone(), m.reactions.len())).collect();
            prop_assert_eq!(shown, expected, "after {:?}", step);
            self.compare_delivery(&page.messages)?;
            let events = timeline::page(store, tenant, *user, self.group, 0, 1000).await.unwrap();
            let seqs: Vec<u64> = events.into_iter().flat_map(|page| page.events).map(|frame| frame.seq).collect();
            prop_assert_eq!(seqs, (member.visible_from..=self.last_seq).collect::<Vec<_>>());
        }
        Ok(())
    }

    fn compare_delivery(&self, messages: &[confab_contract::rest::messages::Message]) -> Verdict {
        for message in messages {
            let others = || {
                self.members.iter().filter(|(person, member)| {
                    member.is_active && self.people[**person] != message.sender_id && member.visible_from <= message.seq
                })
            };
            let status = &message.delivery_status;
            let read = others().filter(|(_, member)| member.read_seq >= message.seq).count();
            let delivered = others().filter(|(_, member)| member.delivered_seq >= message.seq).count();
            prop_assert_eq!((status.read_by.len(), status.delivered_to.len()), (read, delivered));
            let all = others().count();
            prop_assert_eq!((status.read, status.delivered), (all > 0 && read == all, all > 0 && delivered == all));
        }
        Ok(())
    }
}

/// Whether it was done, when store and model agree on that.
fn agree<T: std::fmt::Debug>(expected: bool, done: &Result<T, WriteError>) -> Verdict<bool> {
    prop_assert!(!matches!(done, Err(WriteError::Store(_))), "{:?}", done);
    prop_assert_eq!(done.is_ok(), expected, "{:?}", done);
    Ok(expected)
}
