//! Who may do what. Pure: rows in, verdict out.

use confab_contract::UserId;
use confab_contract::rest::conversations::ConversationType;
use confab_contract::rest::members::Role;

use crate::Refusal;

/// Renaming a group, or changing its picture.
pub(crate) fn update_group(kind: ConversationType, actor: Role) -> Result<(), Refusal> {
    only_groups(kind)?;
    at_least(actor, Role::Admin, "only admins and the owner change the group")
}

/// Adding members.
pub(crate) fn add_members(kind: ConversationType, actor: Role) -> Result<(), Refusal> {
    only_groups(kind)?;
    at_least(actor, Role::Admin, "only admins and the owner add members")
}

/// Removing a member: everybody below the actor. Oneself one leaves.
pub(crate) fn remove_member(
    kind: ConversationType,
    (actor, actor_role): (UserId, Role),
    (target, target_role): (UserId, Role),
) -> Result<(), Refusal> {
    only_groups(kind)?;
    if actor == target {
        return Err(Refusal::Yourself);
    }
    at_least(actor_role, Role::Admin, "only admins and the owner remove members")?;
    if target_role >= actor_role {
        return Err(Refusal::NotAllowed("only the owner removes admins, and nobody the owner"));
    }
    Ok(())
}

/// Leaving.
pub(crate) fn leave(kind: ConversationType) -> Result<(), Refusal> {
    only_groups(kind)
}

/// What a change of role comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoleChange {
    /// The target has that role already.
    Nothing,
    /// The target gets the role.
    Change,
    /// The target becomes the owner, and the actor an admin.
    HandOver,
}

/// Changing a role: the owner's right alone.
pub(crate) fn change_role(
    kind: ConversationType,
    (actor, actor_role): (UserId, Role),
    (target, target_role): (UserId, Role),
    role: Role,
) -> Result<RoleChange, Refusal> {
    only_groups(kind)?;
    at_least(actor_role, Role::Owner, "only the owner changes roles")?;
    match (target_role == role, actor == target, role) {
        (true, _, _) => Ok(RoleChange::Nothing),
        // The owner stops being it by handing over, so that there is always one.
        (false, true, _) => Err(Refusal::Yourself),
        (false, false, Role::Owner) => Ok(RoleChange::HandOver),
        (false, false, _) => Ok(RoleChange::Change),
    }
}

/// Changing the content of a message.
pub(crate) fn edit_message(actor: UserId, sender: UserId) -> Result<(), Refusal> {
    if actor == sender {
        return Ok(());
    }
    Err(Refusal::NotAllowed("only the sender edits a message"))
}

/// Deleting a message for everyone.
pub(crate) fn delete_message(
    kind: ConversationType,
    (actor, actor_role): (UserId, Role),
    sender: UserId,
) -> Result<(), Refusal> {
    let moderates = kind == ConversationType::Group && actor_role >= Role::Admin;
    if actor == sender || moderates {
        return Ok(());
    }
    Err(Refusal::NotAllowed("only the sender, admins and the owner delete a message for everyone"))
}

/// Sending a message. In a direct conversation a suspended person can no longer be written to.
pub(crate) fn send(sender_is_suspended: bool, peer_is_suspended: bool) -> Result<(), Refusal> {
    if sender_is_suspended {
        return Err(Refusal::NotAllowed("a suspended account sends nothing"));
    }
    if peer_is_suspended {
        return Err(Refusal::NotAllowed("the other person is suspended"));
    }
    Ok(())
}

/// Who becomes the owner when the owner leaves: the eldest admin, else the eldest member.
pub(crate) fn successor(others: impl IntoIterator<Item = (UserId, Role, i64)>) -> Option<UserId> {
    let eldest_first = |(_, role, joined): &(UserId, Role, i64)| (std::cmp::Reverse(*role), *joined);
    others.into_iter().min_by_key(eldest_first).map(|(user, _, _)| user)
}

fn only_groups(kind: ConversationType) -> Result<(), Refusal> {
    match kind {
        ConversationType::Group => Ok(()),
        ConversationType::Direct => Err(Refusal::DirectConversation),
    }
}

fn at_least(role: Role, needed: Role, missing: &'static str) -> Result<(), Refusal> {
    if role >= needed { Ok(()) } else { Err(Refusal::NotAllowed(missing)) }
}

#[cfg(test)]
mod tests;
