use super::ConversationType::{Direct, Group};
use super::Role::{Admin, Member, Owner};
use super::*;

fn people() -> (UserId, UserId) {
    (UserId::generate(), UserId::generate())
}

/// `Ok` as `true`, a missing right as `false`; anything else fails the test.
fn is_allowed(verdict: Result<(), Refusal>) -> bool {
    match verdict {
        Ok(()) => true,
        Err(Refusal::NotAllowed(_)) => false,
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn admins_and_owners_change_a_group_and_add_members() {
    for (role, expected) in [(Member, false), (Admin, true), (Owner, true)] {
        assert_eq!(is_allowed(update_group(Group, role)), expected, "{role:?}");
        assert_eq!(is_allowed(add_members(Group, role)), expected, "{role:?}");
    }
}

#[test]
fn one_removes_only_those_below_oneself() {
    let (actor, target) = people();
    let table = [
        (Member, Member, false),
        (Member, Owner, false),
        (Admin, Member, true),
        (Admin, Admin, false),
        (Admin, Owner, false),
        (Owner, Member, true),
        (Owner, Admin, true),
    ];
    for (actor_role, target_role, expected) in table {
        let verdict = remove_member(Group, (actor, actor_role), (target, target_role));
        assert_eq!(is_allowed(verdict), expected, "{actor_role:?} removes {target_role:?}");
    }
    assert_eq!(remove_member(Group, (actor, Owner), (actor, Owner)), Err(Refusal::Yourself));
}

#[test]
fn only_the_owner_changes_roles_and_hands_ownership_on() {
    let (actor, target) = people();
    for role in [Member, Admin] {
        assert!(matches!(change_role(Group, (actor, role), (target, Member), Admin), Err(Refusal::NotAllowed(_))));
    }
    let by_owner = |target_role, role| change_role(Group, (actor, Owner), (target, target_role), role);
    assert_eq!(by_owner(Member, Admin), Ok(RoleChange::Change));
    assert_eq!(by_owner(Admin, Member), Ok(RoleChange::Change));
    assert_eq!(by_owner(Admin, Admin), Ok(RoleChange::Nothing));
    assert_eq!(by_owner(Member, Owner), Ok(RoleChange::HandOver));
    assert_eq!(change_role(Group, (actor, Owner), (actor, Owner), Member), Err(Refusal::Yourself));
    assert_eq!(change_role(Group, (actor, Owner), (actor, Owner), Owner), Ok(RoleChange::Nothing));
}

#[test]
fn a_direct_conversation_has_no_roles_and_nobody_leaves_it() {
    let (actor, target) = people();
    let refused = Err(Refusal::DirectConversation);
    assert_eq!(update_group(Direct, Owner), refused);
    assert_eq!(add_members(Direct, Owner), refused);
    assert_eq!(remove_member(Direct, (actor, Owner), (target, Member)), refused);
    assert_eq!(leave(Direct), refused);
    assert_eq!(change_role(Direct, (actor, Owner), (target, Member), Admin), Err(Refusal::DirectConversation));
}

#[test]
fn the_sender_edits_and_moderators_of_groups_delete() {
    let (actor, other) = people();
    assert!(is_allowed(edit_message(actor, actor)));
    assert!(!is_allowed(edit_message(actor, other)));
    let table = [(Group, Member, false), (Group, Admin, true), (Group, Owner, true), (Direct, Member, false)];
    for (kind, role, expected) in table {
        assert_eq!(is_allowed(delete_message(kind, (actor, role), other)), expected, "{kind:?} {role:?}");
        assert!(is_allowed(delete_message(kind, (actor, role), actor)));
    }
}

#[test]
fn suspension_silences_both_ways() {
    assert!(is_allowed(send(false, false)));
    assert!(!is_allowed(send(true, false)));
    assert!(!is_allowed(send(false, true)));
}

#[test]
fn the_eldest_admin_succeeds_else_the_eldest_member() {
    let (a, b) = people();
    let c = UserId::generate();
    assert_eq!(successor([(a, Member, 1), (b, Admin, 3), (c, Admin, 2)]), Some(c));
    assert_eq!(successor([(a, Member, 2), (b, Member, 1)]), Some(b));
    assert_eq!(successor([]), None);
}
