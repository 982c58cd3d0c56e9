//! A small good run, and the same run broken in one way at a time.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod world;

use confab_contract::socket::server::ResyncReason;
use confab_contract::timeline::TimelineEvent;

use super::{Rule, check};
use crate::record::{Action, Evidence, Follower, Intent, Outcome, Reply, Sight};
use world::World;

/// The rules that a run breaks, each once, in the order of the enum.
fn broken(evidence: &Evidence) -> Vec<Rule> {
    let mut rules: Vec<Rule> = check(evidence).into_iter().map(|problem| problem.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// A good run with one thing changed.
fn run_with(change: impl FnOnce(&mut Evidence)) -> Vec<Rule> {
    let mut evidence = World::good().evidence();
    change(&mut evidence);
    broken(&evidence)
}

#[test]
fn a_good_run_passes() {
    let evidence = World::good().evidence();
    assert_eq!(check(&evidence).iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn an_acknowledged_send_that_is_lost_is_found() {
    let mut world = World::good();
    let (id, seq) = (confab_contract::MessageId::generate(), world.last_seq() + 1);
    world.ask(world.owner, world.sending("lost"), Outcome::Ok { reply: Reply::Sent { message: id, seq } });
    assert_eq!(broken(&world.evidence()), [Rule::AcknowledgedLost]);
}

#[test]
fn a_send_stored_twice_is_found() {
    let mut world = World::good();
    world.send(world.owner, "twice");
    world.store_message(world.owner, "twice");
    assert_eq!(broken(&world.evidence()), [Rule::StoredTwice]);
}

#[test]
fn an_unknown_send_may_be_stored_once_or_not_at_all_but_not_twice() {
    let unknown = || Outcome::Unknown { why: "timed out".to_owned() };
    for (copies, rules) in [(0, vec![]), (1, vec![]), (2, vec![Rule::StoredTwice])] {
        let mut world = World::good();
        world.ask(world.owner, world.sending("maybe"), unknown());
        for _ in 0..copies {
            world.store_message(world.owner, "maybe");
        }
        assert_eq!(broken(&world.evidence()), rules, "{copies} copies");
    }
}

#[test]
fn a_refused_send_that_is_stored_is_found() {
    let mut world = World::good();
    world.add(world.guest);
    world.remove(world.guest);
    let refused = Outcome::Refused { status: 404, why: "no such conversation".to_owned() };
    world.ask(world.guest, world.sending("refused"), refused);
    world.store_message(world.guest, "refused");
    assert_eq!(broken(&world.evidence()), [Rule::RefusedStored]);
}

#[test]
fn a_message_that_nobody_sent_is_found() {
    let mut world = World::good();
    world.store_message(world.owner, "ghost");
    assert_eq!(broken(&world.evidence()), [Rule::NobodyAsked]);
}

#[test]
fn a_reply_with_another_seq_is_found() {
    let rules = run_with(|evidence| {
        let sent = evidence.operations.iter_mut().find_map(|operation| match &mut operation.outcome {
            Outcome::Ok { reply: Reply::Sent { seq, .. } } => Some(seq),
            _ => None,
        });
        *sent.unwrap() += 100;
    });
    assert!(rules.contains(&Rule::AcknowledgedDiffers), "{rules:?}");
}

#[test]
fn a_retry_that_gets_another_message_is_found() {
    let mut world = World::good();
    world.send(world.owner, "again");
    let seq = world.last_seq();
    let reply = Reply::Sent { message: confab_contract::MessageId::generate(), seq };
    world.ask(world.owner, world.sending("again"), Outcome::Ok { reply });
    assert_eq!(broken(&world.evidence()), [Rule::RetryDiffers]);
}

#[test]
fn another_body_under_a_used_temp_id_must_be_refused() {
    let mut world = World::good();
    let id = world.send(world.owner, "mine");
    let mut other = world.sending("mine");
    if let Action::Send { content, intent, .. } = &mut other {
        "b3RoZXI=".clone_into(content);
        *intent = Intent::OtherBody;
    }
    let reply = Reply::Sent { message: id, seq: world.last_seq() };
    world.ask(world.owner, other, Outcome::Ok { reply });
    assert_eq!(broken(&world.evidence()), [Rule::OtherBodyAccepted]);
}

#[test]
fn order_against_real_time_is_found() {
    let mut world = World::good();
    world.send(world.owner, "first");
    world.send(world.owner, "second");
    let mut evidence = world.evidence();
    let last = evidence.operations.len() - 1;
    evidence.operations[last].began = 0;
    evidence.operations[last].ended = 1;
    assert_eq!(broken(&evidence), [Rule::RealTimeOrder]);
}

#[test]
fn a_hole_in_seq_is_found() {
    let mut world = World::good();
    world.events.remove(3);
    assert!(broken(&world.evidence()).contains(&Rule::SeqNotDense));
}

#[test]
fn readers_who_disagree_are_found() {
    let rules = run_with(|evidence| {
        evidence.histories.last_mut().unwrap().events.pop();
    });
    assert_eq!(rules, [Rule::HistoriesDiffer]);
    let rules = run_with(|evidence| {
        evidence.histories.last_mut().unwrap().messages.remove(1);
    });
    assert_eq!(rules, [Rule::HistoriesDiffer]);
    let rules = run_with(|evidence| {
        evidence.histories.last_mut().unwrap().messages[0].reactions.insert("👎".to_owned(), Vec::new());
    });
    assert_eq!(rules, [Rule::HistoriesDiffer]);
}

#[test]
fn an_edit_that_does_not_show_is_found() {
    let mut world = World::good();
    let id = world.send(world.owner, "text");
    world.edit(world.owner, id, "newer");
    for frame in &mut world.events {
        match &mut frame.event {
            TimelineEvent::MessageReceived { message } if message.message_id == id => {
                message.content_encrypted = Some(world::encode("text"));
            }
            _ => {}
        }
    }
    assert_eq!(broken(&world.evidence()), [Rule::StateDiffers]);
}

#[test]
fn an_acknowledged_deletion_that_did_not_happen_is_found() {
    let mut world = World::good();
    let message = world.send(world.owner, "stays");
    let action = Action::Delete { conversation: world.conversation, message };
    world.ask(world.owner, action, Outcome::Ok { reply: Reply::Done });
    assert_eq!(broken(&world.evidence()), [Rule::AcknowledgedLost]);
}

#[test]
fn a_reaction_that_nobody_gave_is_found() {
    let mut world = World::good();
    let message_id = world.send(world.owner, "liked");
    let event = TimelineEvent::ReactionAdded { message_id, user_id: world.member, emoji: "👍".to_owned() };
    world.store(event);
    assert_eq!(broken(&world.evidence()), [Rule::NobodyAsked]);
}

/// Indices of the events in what the first subscriber saw.
fn events_seen(evidence: &Evidence) -> Vec<usize> {
    let seen = evidence.subscribers[0].seen.iter().enumerate();
    seen.filter(|(_, seen)| matches!(seen.sight, Sight::Event { .. })).map(|(index, _)| index).collect()
}

#[test]
fn a_subscriber_who_misses_a_frame_is_found() {
    let rules = run_with(|evidence| {
        let place = events_seen(evidence)[2];
        evidence.subscribers[0].seen.remove(place);
    });
    assert_eq!(rules, [Rule::FrameMissing]);
    let rules = run_with(|evidence| {
        let place = *events_seen(evidence).last().unwrap();
        evidence.subscribers[0].seen.remove(place);
    });
    assert_eq!(rules, [Rule::FrameMissing], "also the last one");
}

#[test]
fn a_frame_seen_twice_or_out_of_order_is_found() {
    let rules = run_with(|evidence| {
        let place = events_seen(evidence)[2];
        let copy = evidence.subscribers[0].seen[place].clone();
        evidence.subscribers[0].seen.insert(place, copy);
    });
    assert_eq!(rules, [Rule::FrameRepeated]);
    let rules = run_with(|evidence| {
        let places = events_seen(evidence);
        evidence.subscribers[0].seen.swap(places[0], places[1]);
    });
    assert_eq!(rules, [Rule::FrameMissing, Rule::FrameRepeated]);
}

#[test]
fn a_frame_that_differs_from_the_history_is_found() {
    let rules = run_with(|evidence| {
        let place = events_seen(evidence)[0];
        let Sight::Event { frame } = &mut evidence.subscribers[0].seen[place].sight else { panic!("an event") };
        let TimelineEvent::MessageReceived { message } = &mut frame.event else { panic!("a message") };
        message.content_encrypted = Some("c29tZXRoaW5nIGVsc2U=".to_owned());
    });
    assert_eq!(rules, [Rule::FrameDiffers]);
}

#[test]
fn a_repetition_after_a_reconnect_is_allowed_only_to_those_who_resume_by_cursor() {
    let repeat = |evidence: &mut Evidence| {
        let places = events_seen(evidence);
        let mut copy = evidence.subscribers[0].seen[*places.last().unwrap()].clone();
        copy.connection += 1;
        evidence.subscribers[0].seen.push(copy);
    };
    assert_eq!(run_with(repeat), [Rule::FrameRepeated]);
    let rules = run_with(|evidence| {
        repeat(evidence);
        evidence.subscribers[0].may_repeat = true;
    });
    assert_eq!(rules, []);
}

#[test]
fn a_guest_sees_each_stay_and_nothing_between() {
    let mut world = World::good();
    world.add(world.guest);
    world.send(world.owner, "hello, guest");
    world.remove(world.guest);
    world.send(world.owner, "the guest has gone");
    world.add(world.guest);
    world.send(world.owner, "welcome back");
    assert_eq!(broken(&world.evidence()), []);

    let mut evidence = world.evidence();
    let guest = evidence.subscribers.iter_mut().find(|subscriber| subscriber.user == world.guest).unwrap();
    guest.seen.retain(|seen| {
        !matches!(&seen.sight, Sight::Event { frame } if matches!(frame.event, TimelineEvent::MemberRemoved { .. }))
    });
    assert_eq!(broken(&evidence), [Rule::FrameMissing], "one who is connected sees the own removal");

    let mut evidence = world.evidence();
    let all: Vec<_> = evidence.subscribers[0].seen.clone();
    let guest = evidence.subscribers.iter_mut().find(|subscriber| subscriber.user == world.guest).unwrap();
    guest.seen = all;
    assert!(broken(&evidence).contains(&Rule::FrameNotVisible));
}

#[test]
fn a_guest_who_was_away_is_told_to_read_anew() {
    let mut world = World::good();
    world.add(world.guest);
    world.remove(world.guest);
    world.add(world.guest);
    world.send(world.owner, "welcome back");
    let mut evidence = world.evidence();
    let guest = evidence.subscribers.iter_mut().find(|subscriber| subscriber.user == world.guest).unwrap();
    let mut seen = std::mem::take(&mut guest.seen);
    let mut second: Vec<_> = seen.drain(2..).collect();
    seen.truncate(1);
    let events = second
        .iter()
        .filter_map(|seen| if let Sight::Event { frame } = &seen.sight { Some(frame.clone()) } else { None })
        .collect();
    let conversation = world.conversation;
    let again = |sight| crate::record::Seen { connection: 2, at: 0, sight };
    seen.push(again(Sight::Resync { conversation: Some(conversation), reason: ResyncReason::NotAMember }));
    second = seen.clone();
    seen.push(again(Sight::Reread { conversation, events }));
    guest.seen = seen;
    assert_eq!(broken(&evidence), []);
    evidence.subscribers.iter_mut().find(|subscriber| subscriber.user == world.guest).unwrap().seen = second;
    assert_eq!(broken(&evidence), [Rule::FrameMissing], "and must really have read it");
}

#[test]
fn being_sent_away_without_need_is_found() {
    for sight in [
        Sight::Resync { conversation: None, reason: ResyncReason::AheadOfServer },
        Sight::Closed { code: Some(4400), by_us: false },
        Sight::Error { code: None, text: "no".to_owned() },
    ] {
        let rules = run_with(|evidence| {
            let mut last = evidence.subscribers[0].seen.last().unwrap().clone();
            last.sight = sight;
            evidence.subscribers[0].seen.push(last);
        });
        assert_eq!(rules, [Rule::Disturbed]);
    }
}

#[test]
fn a_wrong_unread_count_is_found() {
    let rules = run_with(|evidence| {
        evidence.standings.last_mut().unwrap().state.as_mut().unwrap().unread_count += 1;
    });
    assert_eq!(rules, [Rule::UnreadCount]);
}

#[test]
fn a_watermark_below_what_was_acknowledged_or_above_what_was_asked_is_found() {
    for change in [-1_i64, 1] {
        let rules = run_with(|evidence| {
            for standing in &mut evidence.standings {
                for member in standing.members.iter_mut().filter(|member| member.delivered_seq > 0) {
                    member.delivered_seq = member.delivered_seq.saturating_add_signed(change);
                }
            }
        });
        assert_eq!(rules, [Rule::Watermark], "{change}");
    }
}

#[test]
fn a_refusal_without_a_reason_is_found() {
    let mut world = World::good();
    let refused = Outcome::Refused { status: 429, why: "too many requests".to_owned() };
    world.ask(world.owner, world.sending("limited"), refused);
    assert_eq!(broken(&world.evidence()), [Rule::UnexpectedRefusal]);
}

#[test]
fn a_sync_cursor_that_skips_something_is_found() {
    let spoil = |change: &dyn Fn(&mut Follower)| {
        let mut evidence = World::good().evidence();
        change(&mut evidence.followers[0]);
        broken(&evidence)
    };
    for rules in [
        spoil(&|follower| drop(follower.known.values_mut().next().unwrap().events.remove(&5))),
        spoil(&|follower| follower.known.values_mut().next().unwrap().last_seq -= 1),
        spoil(&|follower| follower.known.values_mut().next().unwrap().unread_count += 1),
        spoil(&|follower| follower.known.clear()),
        spoil(&|follower| follower.is_complete = false),
    ] {
        assert_eq!(rules, [Rule::SyncSkipped]);
    }
}

#[test]
fn somebody_who_was_not_told_of_a_removal_is_found() {
    let rules = run_with(|evidence| {
        let known = evidence.followers[0].known.clone();
        evidence.followers[1].known = known;
    });
    assert_eq!(rules, [Rule::SyncSkipped]);
}
