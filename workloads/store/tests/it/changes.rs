//! The sync cursor and the tail: nothing is ever missed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

use confab_contract::{ConversationId, UserId};
use confab_store::changes::{self, Position, SyncRows};
use confab_store::members::Mute;
use confab_store::{Store, members, messages, reactions, receipts, timeline};
use futures_util::future::join_all;

use crate::world::World;

on_both_engines! {
    a_tail_beside_writers_collects_every_event_once,
    a_device_that_syncs_in_small_pages_beside_writers_collects_every_event,
    resuming_from_any_cursor_starts_where_it_was_taken_or_before,
    a_first_sync_has_all_conversations_without_events_page_by_page,
    what_happens_between_the_pages_of_a_first_sync_is_not_lost,
    ones_own_changes_reach_ones_other_devices_and_nobody_elses,
    leaving_is_told_once_and_joining_again_brings_the_conversation_back,
    many_missed_events_are_cut_to_the_newest_hundred,
    what_is_too_large_for_one_answer_is_cut_to_the_newest,
    so_many_hidden_messages_are_named_and_no_more,
    a_tail_tells_who_joined_and_left,
    a_position_from_a_lost_future_begins_anew,
    a_cursor_from_before_anything_happened_brings_everything_that_came,
}

async fn a_tail_beside_writers_collects_every_event_once(world: World) {
    let people: [UserId; 8] = world.users().await;
    let stores = [world.store.clone(), world.another_store().await];
    let mut conversations = Vec::new();
    for _ in 0..5 {
        conversations.push(world.group(&people).await);
    }
    let is_over = AtomicBool::new(false);
    let writing = async {
        join_all(
            people
                .iter()
                .enumerate()
                .map(|(number, user)| write_much(&world, &stores[number % 2], *user, &conversations, number)),
        )
        .await;
        is_over.store(true, Ordering::Release);
    };
    let tailing = tail_until(&world, &is_over);
    let ((), collected) = futures_util::future::join(writing, tailing).await;
    for conversation in conversations {
        let last = timeline::last_seq(&world.store, &world.tenant, conversation).await.unwrap().unwrap();
        assert!(last > 30);
        assert_eq!(collected[&conversation], (1..=last).collect::<Vec<_>>());
    }
}

async fn a_device_that_syncs_in_small_pages_beside_writers_collects_every_event(world: World) {
    let people: [UserId; 6] = world.users().await;
    let stores = [world.store.clone(), world.another_store().await];
    let mut conversations = Vec::new();
    for _ in 0..7 {
        conversations.push(world.group(&people).await);
    }
    let is_over = AtomicBool::new(false);
    let writing = async {
        join_all(
            people[1..]
                .iter()
                .enumerate()
                .map(|(number, user)| write_much(&world, &stores[number % 2], *user, &conversations, number)),
        )
        .await;
        is_over.store(true, Ordering::Release);
    };
    let syncing = sync_until(&world, people[0], &is_over);
    let ((), collected) = futures_util::future::join(writing, syncing).await;
    for conversation in conversations {
        let last = timeline::last_seq(&world.store, &world.tenant, conversation).await.unwrap().unwrap();
        assert_eq!(collected[&conversation], (1..=last).collect::<BTreeSet<_>>());
    }
}

async fn resuming_from_any_cursor_starts_where_it_was_taken_or_before(world: World) {
    let people: [UserId; 4] = world.users().await;
    let stores = [world.store.clone(), world.another_store().await];
    let conversations = [world.group(&people).await, world.group(&people).await];
    let is_over = AtomicBool::new(false);
    let writing = async {
        join_all(
            people
                .iter()
                .enumerate()
                .map(|(number, user)| write_much(&world, &stores[number % 2], *user, &conversations, number)),
        )
        .await;
        is_over.store(true, Ordering::Release);
    };
    let sampling = async {
        let mut samples = Vec::new();
        while !is_over.load(Ordering::Acquire) {
            let before = last_seqs(&world, &conversations).await;
            let position = changes::position(&world.store, &world.tenant).await.unwrap();
            let after = last_seqs(&world, &conversations).await;
            samples.push((before, position, after));
        }
        samples
    };
    let ((), samples) = futures_util::future::join(writing, sampling).await;
    let end = last_seqs(&world, &conversations).await;
    for (before, position, after) in samples {
        let position = Position::decode(&position.encode()).unwrap();
        let points = changes::starting_points(&world.store, &world.tenant, people[0], &position).await.unwrap();
        let points: HashMap<_, _> = points.into_iter().collect();
        for (conversation, end) in &end {
            // Covered is what was there before the position was read, and nothing that came after.
            let covered = points.get(conversation).copied().unwrap_or(*end);
            assert!((before[conversation]..=after[conversation]).contains(&covered), "{covered} {before:?} {after:?}");
        }
    }
}

async fn a_first_sync_has_all_conversations_without_events_page_by_page(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other] = world.users().await;
    let mut mine = BTreeSet::new();
    for _ in 0..10 {
        let group = world.group(&[me, other]).await;
        world.send(group, other, "YQ==").await;
        mine.insert(group);
    }
    let gone = world.group(&[other, me]).await;
    members::leave(store, tenant, me, gone, world.now()).await.unwrap();
    let mut position: Option<Position> = None;
    let mut found = Vec::new();
    loop {
        let rows = changes::sync(store, tenant, me, position.as_ref(), 3, world.now()).await.unwrap();
        let is_first = position.is_none();
        assert!(rows.changed.iter().all(|changed| changed.events.is_empty()));
        assert!(rows.changed.iter().all(|changed| changed.events_truncated != is_first));
        assert!(!is_first || rows.left.is_empty());
        found.extend(rows.changed.iter().map(|changed| changed.conversation.conversation_id));
        position = Some(Position::decode(&rows.position.encode()).unwrap());
        if !rows.has_more {
            break;
        }
    }
    assert_eq!(found.len(), 10);
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), mine);
    let rows = changes::sync(store, tenant, me, position.as_ref(), 3, world.now()).await.unwrap();
    assert!(rows.changed.is_empty() && rows.left.is_empty() && !rows.has_more);
}

async fn what_happens_between_the_pages_of_a_first_sync_is_not_lost(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other] = world.users().await;
    let mut sent = BTreeMap::new();
    for _ in 0..6 {
        let group = world.group(&[other, me]).await;
        sent.insert(group, world.send(group, other, "YQ==").await.message.message_id);
    }
    let first = changes::sync(store, tenant, me, None, 3, world.now()).await.unwrap();
    assert_eq!((first.changed.len(), first.has_more), (3, true));
    let [left, hidden, talking] = [0, 1, 2].map(|place| first.changed[place].conversation.conversation_id);
    members::leave(store, tenant, me, left, world.now()).await.unwrap();
    messages::delete_for_me(store, tenant, me, sent[&hidden]).await.unwrap();
    world.send(talking, other, "YQ==").await;
    let mut position = first.position;
    let (mut gone, mut taken, mut told) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
    loop {
        let rows = changes::sync(store, tenant, me, Some(&position), 3, world.now()).await.unwrap();
        gone.extend(rows.left);
        for changed in rows.changed {
            taken.extend(changed.hidden);
            told.insert(
                changed.conversation.conversation_id,
                (changed.conversation.last_seq, changed.events_truncated),
            );
        }
        position = rows.position;
        if !rows.has_more {
            break;
        }
    }
    assert_eq!((gone, taken), (BTreeSet::from([left]), BTreeSet::from([sent[&hidden]])));
    assert_eq!(told[&talking], (3, true));
}

async fn ones_own_changes_reach_ones_other_devices_and_nobody_elses(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other] = world.users().await;
    let id = world.direct(me, other).await;
    let message = world.send(id, other, "YQ==").await.message.message_id;
    let mut positions = [(me, None), (other, None)];
    for (user, position) in &mut positions {
        let rows = changes::sync(store, tenant, *user, None, 100, world.now()).await.unwrap();
        *position = Some(rows.position);
    }
    let [(_, Some(mut mine)), (_, Some(theirs))] = positions else { panic!("no position") };
    let news = async |position: &mut Position| -> SyncRows {
        let rows = changes::sync(store, tenant, me, Some(position), 100, world.now()).await.unwrap();
        *position = rows.position;
        rows
    };
    members::set_pinned(store, tenant, me, id, true).await.unwrap();
    assert!(news(&mut mine).await.changed[0].conversation.is_pinned);
    members::set_muted(store, tenant, me, id, Mute::Forever).await.unwrap();
    assert!(news(&mut mine).await.changed[0].conversation.is_muted);
    receipts::mark_read(store, tenant, me, id, message, world.now()).await.unwrap();
    assert_eq!(news(&mut mine).await.changed[0].conversation.read_seq, 2);
    messages::delete_for_me(store, tenant, me, message).await.unwrap();
    let rows = news(&mut mine).await;
    assert_eq!((rows.changed[0].hidden.as_slice(), rows.changed[0].events.len()), ([message].as_slice(), 0));
    assert!(news(&mut mine).await.changed.is_empty());
    let rows = changes::sync(store, tenant, other, Some(&theirs), 100, world.now()).await.unwrap();
    assert!(rows.changed.is_empty());
}

async fn leaving_is_told_once_and_joining_again_brings_the_conversation_back(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [owner, me] = world.users().await;
    let id = world.group(&[owner, me]).await;
    let mut position = changes::sync(store, tenant, me, None, 100, world.now()).await.unwrap().position;
    members::remove(store, tenant, owner, id, me, world.now()).await.unwrap();
    world.send(id, owner, "YQ==").await;
    let rows = changes::sync(store, tenant, me, Some(&position), 100, world.now()).await.unwrap();
    assert_eq!((rows.left.as_slice(), rows.changed.len()), ([id].as_slice(), 0));
    position = rows.position;
    world.send(id, owner, "YQ==").await;
    let rows = changes::sync(store, tenant, me, Some(&position), 100, world.now()).await.unwrap();
    assert!(rows.left.is_empty() && rows.changed.is_empty());
    members::add(store, tenant, owner, id, &[me], 500, world.now()).await.unwrap();
    let rows = changes::sync(store, tenant, me, Some(&position), 100, world.now()).await.unwrap();
    assert_eq!(rows.changed[0].events.iter().map(|frame| frame.seq).collect::<Vec<_>>(), [5]);
}

async fn many_missed_events_are_cut_to_the_newest_hundred(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other] = world.users().await;
    let id = world.direct(me, other).await;
    let position = changes::position(store, tenant).await.unwrap();
    join_all((0..100).map(|_| world.send(id, other, "YQ=="))).await;
    let sync =
        async || changes::sync(store, tenant, me, Some(&position), 100, world.now()).await.unwrap().changed.remove(0);
    let exact = sync().await;
    assert_eq!((exact.events.len(), exact.events[0].seq, exact.events_truncated), (100, 2, false));
    world.send(id, other, "YQ==").await;
    let cut = sync().await;
    assert_eq!((cut.events.len(), cut.events[0].seq, cut.events_truncated), (100, 3, true));
}

async fn what_is_too_large_for_one_answer_is_cut_to_the_newest(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other] = world.users().await;
    let [large, small] = [world.group(&[me, other]).await, world.direct(me, other).await];
    let position = changes::position(store, tenant).await.unwrap();
    let content = "YQ==".repeat(32 * 1024);
    join_all((0..40).map(|_| world.send(large, other, &content))).await;
    world.send(small, other, "YQ==").await;
    let rows = changes::sync(store, tenant, me, Some(&position), 100, world.now()).await.unwrap();
    let bytes = serde_json::to_string(&rows.changed.iter().map(|changed| &changed.events).collect::<Vec<_>>()).unwrap();
    assert!(bytes.len() <= 4 * 1024 * 1024, "{}", bytes.len());
    let of = |id| rows.changed.iter().find(|changed| changed.conversation.conversation_id == id).unwrap();
    let seqs: Vec<u64> = of(large).events.iter().map(|frame| frame.seq).collect();
    assert!(seqs.len() > 20 && of(large).events_truncated, "{seqs:?}");
    assert_eq!(seqs, (41 - seqs.len() as u64 + 1..=41).collect::<Vec<_>>(), "the newest, without a gap");
    assert_eq!((of(small).events.len(), of(small).events_truncated), (1, false));
    assert!(!rows.has_more);
}

async fn so_many_hidden_messages_are_named_and_no_more(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other] = world.users().await;
    let [many, few] = [world.group(&[me, other]).await, world.direct(me, other).await];
    let position = changes::position(store, tenant).await.unwrap();
    let most = u64::from(confab_contract::limit::SYNC_HIDDEN);
    let sent = join_all((0..most).map(|_| world.send(many, other, "YQ=="))).await;
    let hide = async |message| assert!(messages::delete_for_me(store, tenant, me, message).await.unwrap());
    for sent in sent.chunks(8) {
        join_all(sent.iter().map(|sent| hide(sent.message.message_id))).await;
    }
    let sync = async || changes::sync(store, tenant, me, Some(&position), 100, world.now()).await.unwrap().changed;
    let exact = sync().await;
    assert_eq!((exact[0].hidden.len(), exact[0].hidden_truncated), (most.try_into().unwrap(), false));
    let (one, another) = (world.send(many, other, "YQ==").await, world.send(few, other, "YQ==").await);
    hide(one.message.message_id).await;
    hide(another.message.message_id).await;
    let cut = sync().await;
    let named: usize = cut.iter().map(|changed| changed.hidden.len()).sum();
    let truncated = |id| cut.iter().any(|one| one.conversation.conversation_id == id && one.hidden_truncated);
    assert_eq!((named, truncated(many)), (most.try_into().unwrap(), true));
}

async fn a_tail_tells_who_joined_and_left(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [owner, member, late] = world.users().await;
    let start = changes::position(store, tenant).await.unwrap();
    let id = world.group(&[owner, member]).await;
    members::add(store, tenant, owner, id, &[late], 500, world.now()).await.unwrap();
    members::leave(store, tenant, member, id, world.now()).await.unwrap();
    receipts::mark_read(store, tenant, late, id, world.send(id, owner, "YQ==").await.message.message_id, world.now())
        .await
        .unwrap();
    let tail = changes::since(store, tenant, &start, 100).await.unwrap();
    let members: BTreeMap<_, _> =
        tail.members.iter().map(|change| (change.user, (change.is_member, change.visible_from))).collect();
    assert_eq!(members, BTreeMap::from([(owner, (true, 1)), (member, (false, 1)), (late, (true, 2))]));
    assert_eq!((tail.conversations.as_slice(), tail.has_more), ([(id, 4)].as_slice(), false));
    let rest = changes::since(store, tenant, &tail.position, 100).await.unwrap();
    assert!(rest.conversations.is_empty() && rest.members.is_empty());
}

async fn a_position_from_a_lost_future_begins_anew(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other] = world.users().await;
    let id = world.direct(me, other).await;
    let ahead = Position::decode(&["99999"; changes::LANES].join(".")).unwrap();
    let tail = changes::since(store, tenant, &ahead, 100).await.unwrap();
    assert_eq!(tail.conversations, [(id, 1)]);
    let rows = changes::sync(store, tenant, me, Some(&ahead), 100, world.now()).await.unwrap();
    assert_eq!(rows.changed.len(), 1);
}

async fn a_cursor_from_before_anything_happened_brings_everything_that_came(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other] = world.users().await;
    let empty = changes::sync(store, tenant, me, None, 100, world.now()).await.unwrap();
    let id = world.direct(me, other).await;
    for _ in 0..3 {
        messages::send(store, tenant, world.message(id, other, "YQ==")).await.unwrap();
    }
    let rows = changes::sync(store, tenant, me, Some(&empty.position), 100, world.now()).await.unwrap();
    let [synced] = &rows.changed[..] else { panic!("{rows:?}") };
    assert_eq!(synced.events.iter().map(|frame| frame.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(!synced.events_truncated);
}

/// Messages, reactions, edits and private changes over all conversations.
async fn write_much(world: &World, store: &Store, user: UserId, conversations: &[ConversationId], number: usize) {
    let tenant = &world.tenant;
    for round in 0..14 {
        let conversation = conversations[(round + number) % conversations.len()];
        let message = world.message(conversation, user, "YQ==");
        let sent = messages::send(store, tenant, message).await.unwrap().message.message_id;
        match round % 4 {
            0 => drop(reactions::add(store, tenant, user, sent, "👍", world.now()).await.unwrap()),
            1 => drop(messages::edit(store, tenant, user, sent, "Yg==".to_owned(), world.now()).await.unwrap()),
            2 => drop(receipts::mark_read(store, tenant, user, conversation, sent, world.now()).await.unwrap()),
            _ => {
                assert!(members::set_pinned(store, tenant, user, conversation, round % 8 == 3).await.unwrap());
            }
        }
    }
    let more = join_all((0..30).map(|round| {
        messages::send(store, tenant, world.message(conversations[round % conversations.len()], user, "YQ=="))
    }));
    assert!(more.await.iter().all(Result::is_ok));
}

/// As the hub does: follow the tail, and read each timeline from where it was.
async fn tail_until(world: &World, is_over: &AtomicBool) -> BTreeMap<ConversationId, Vec<u64>> {
    let (store, tenant) = (&world.store, &world.tenant);
    let mut collected: BTreeMap<ConversationId, Vec<u64>> = BTreeMap::new();
    let mut position = Position::default();
    loop {
        let was_over = is_over.load(Ordering::Acquire);
        let tail = changes::since(store, tenant, &position, 2).await.unwrap();
        position = tail.position;
        for (conversation, last_seq) in tail.conversations {
            let seqs = collected.entry(conversation).or_default();
            let after = seqs.last().copied().unwrap_or_default();
            let frames = timeline::read(store, tenant, conversation, after, last_seq, 10_000).await.unwrap();
            seqs.extend(frames.iter().map(|frame| frame.seq));
        }
        if was_over && !tail.has_more {
            return collected;
        }
    }
}

/// As a client does: page through sync, and read what it was told to read.
async fn sync_until(world: &World, user: UserId, is_over: &AtomicBool) -> BTreeMap<ConversationId, BTreeSet<u64>> {
    let (store, tenant) = (&world.store, &world.tenant);
    let mut collected: BTreeMap<ConversationId, BTreeSet<u64>> = BTreeMap::new();
    let mut position: Option<Position> = None;
    loop {
        let was_over = is_over.load(Ordering::Acquire);
        let rows = changes::sync(store, tenant, user, position.as_ref(), 2, world.now()).await.unwrap();
        for changed in rows.changed {
            let id = changed.conversation.conversation_id;
            let is_first_sight = !collected.contains_key(&id);
            let seqs = collected.entry(id).or_default();
            if changed.events_truncated || is_first_sight {
                let after = seqs.last().copied().unwrap_or_default();
                let up_to = changed.conversation.last_seq;
                let frames = timeline::read(store, tenant, id, after, up_to, 10_000).await.unwrap();
                seqs.extend(frames.iter().map(|frame| frame.seq));
            }
            seqs.extend(changed.events.iter().map(|frame| frame.seq));
            // Complete after every page, not only at the end.
            let complete: BTreeSet<u64> = (1..=seqs.last().copied().unwrap_or_default()).collect();
            assert_eq!(*seqs, complete);
        }
        let is_done = was_over && !rows.has_more;
        position = Some(Position::decode(&rows.position.encode()).unwrap());
        if is_done {
            return collected;
        }
    }
}

async fn last_seqs(world: &World, ids: &[ConversationId]) -> BTreeMap<ConversationId, u64> {
    let mut seqs = BTreeMap::new();
    for id in ids {
        seqs.insert(*id, timeline::last_seq(&world.store, &world.tenant, *id).await.unwrap().unwrap());
    }
    seqs
}
