//! Changes of membership and roles. Each is an event.

use std::collections::{BTreeSet, HashSet};

use confab_contract::rest::members::Role;
use confab_contract::timeline::TimelineEvent;
use confab_contract::{ConversationId, TenantId, Timestamp, UserId};

use super::state::{MemberState, NewMember};
use super::{insert, lock};
use crate::changes::Mark;
use crate::engine::{Connection, Text};
use crate::permission::{self, RoleChange};
use crate::timeline::{self, LockedConversation};
use crate::{Committed, Refusal, Store, StoreError, WriteError, users};

/// Adds others to a group; those who are members already are passed over. `None`: all of them were.
pub async fn add(
    store: &Store,
    tenant: &TenantId,
    actor: UserId,
    conversation: ConversationId,
    user_ids: &[UserId],
    most: u32,
    now: Timestamp,
) -> Result<Option<Committed>, WriteError> {
    let mut transaction = store.begin().await?;
    let scene = Scene::enter(&mut transaction, tenant, conversation, actor, user_ids).await?;
    permission::add_members(scene.conversation.kind(), scene.actor.role())?;
    if user_ids.contains(&actor) {
        return Err(Refusal::Yourself.into());
    }
    let present: HashSet<UserId> = scene.others.iter().filter(|m| m.is_active()).map(MemberState::user).collect();
    let mut seen = HashSet::new();
    let joining: Vec<UserId> =
        user_ids.iter().copied().filter(|user| !present.contains(user) && seen.insert(*user)).collect();
    if joining.is_empty() {
        return Ok(None);
    }
    users::require_active(&mut transaction, tenant, &joining).await?;
    let members = count(&mut transaction, tenant, conversation).await?;
    if members + joining.len() > usize::try_from(most).unwrap_or(usize::MAX) {
        return Err(Refusal::TooManyMembers { most }.into());
    }
    let event = TimelineEvent::MembersAdded { user_ids: joining.clone(), added_by: actor };
    let (frame, mark) = timeline::append(store, &mut transaction, tenant, &scene.conversation, event, now).await?;
    let rows: Vec<_> = joining.iter().map(|user| NewMember { user: *user, role: Role::Member }).collect();
    insert(&mut transaction, tenant, conversation, &rows, (frame.seq, mark), now).await?;
    transaction.commit().await?;
    Ok(Some(Committed { frame, joined: joining, left: Vec::new() }))
}

/// Removes somebody from a group. The event is the last that they see.
pub async fn remove(
    store: &Store,
    tenant: &TenantId,
    actor: UserId,
    conversation: ConversationId,
    user: UserId,
    now: Timestamp,
) -> Result<Committed, WriteError> {
    let mut transaction = store.begin().await?;
    let scene = Scene::enter(&mut transaction, tenant, conversation, actor, &[user]).await?;
    let target = scene.target(user)?;
    let (kind, actor_role) = (scene.conversation.kind(), scene.actor.role());
    permission::remove_member(kind, (actor, actor_role), (user, target.role()))?;
    let event = TimelineEvent::MemberRemoved { user_id: user, removed_by: actor };
    let (frame, mark) = timeline::append(store, &mut transaction, tenant, &scene.conversation, event, now).await?;
    bury(&mut transaction, tenant, conversation, user, (frame.seq, mark)).await?;
    transaction.commit().await?;
    Ok(Committed { frame, joined: Vec::new(), left: vec![user] })
}

/// Leaves a group. An owner's leaving makes the eldest admin the owner, else the eldest member.
pub async fn leave(
    store: &Store,
    tenant: &TenantId,
    actor: UserId,
    conversation: ConversationId,
    now: Timestamp,
) -> Result<Committed, WriteError> {
    let mut transaction = store.begin().await?;
    let locked = timeline::lock(&mut transaction, tenant, conversation).await?;
    let locked = locked.ok_or(Refusal::ConversationNotFound)?;
    // Only holders of the conversation's row change who is a member, and as what: this stays true without more locks.
    let members = active(&mut transaction, tenant, conversation).await?;
    let own_role = members.iter().find(|(user, _, _)| *user == actor).map(|(_, role, _)| *role);
    let own_role = own_role.ok_or(Refusal::ConversationNotFound)?;
    permission::leave(locked.kind())?;
    let others = members.into_iter().filter(|(user, _, _)| *user != actor);
    let heir = if own_role == Role::Owner { permission::successor(others) } else { None };
    let concerned: BTreeSet<UserId> = [actor].into_iter().chain(heir).collect();
    lock(&mut transaction, tenant, conversation, &Vec::from_iter(concerned)).await?;
    let event = TimelineEvent::MemberLeft { user_id: actor, new_owner_id: heir };
    let (frame, mark) = timeline::append(store, &mut transaction, tenant, &locked, event, now).await?;
    bury(&mut transaction, tenant, conversation, actor, (frame.seq, mark)).await?;
    if let Some(heir) = heir {
        set_role(&mut transaction, tenant, conversation, heir, Role::Owner, mark).await?;
    }
    transaction.commit().await?;
    Ok(Committed { frame, joined: Vec::new(), left: vec![actor] })
}

/// Changes somebody's role. With `Owner` the actor hands ownership on and becomes an admin: one event, of the new
/// owner. `None`: the role was that already.
pub async fn change_role(
    store: &Store,
    tenant: &TenantId,
    actor: UserId,
    conversation: ConversationId,
    user: UserId,
    role: Role,
    now: Timestamp,
) -> Result<Option<Committed>, WriteError> {
    let mut transaction = store.begin().await?;
    let scene = Scene::enter(&mut transaction, tenant, conversation, actor, &[user]).await?;
    let target = scene.target(user)?;
    let (kind, actor_role) = (scene.conversation.kind(), scene.actor.role());
    let change = permission::change_role(kind, (actor, actor_role), (user, target.role()), role)?;
    if change == RoleChange::Nothing {
        return Ok(None);
    }
    let event = TimelineEvent::RoleChanged { user_id: user, role, changed_by: actor };
    let (frame, mark) = timeline::append(store, &mut transaction, tenant, &scene.conversation, event, now).await?;
    set_role(&mut transaction, tenant, conversation, user, role, mark).await?;
    if change == RoleChange::HandOver {
        set_role(&mut transaction, tenant, conversation, actor, Role::Admin, mark).await?;
    }
    transaction.commit().await?;
    Ok(Some(Committed::of(frame)))
}

/// A locked conversation with the rows of those concerned.
struct Scene {
    conversation: LockedConversation,
    actor: MemberState,
    others: Vec<MemberState>,
}

impl Scene {
    async fn enter(
        transaction: &mut Connection,
        tenant: &TenantId,
        conversation: ConversationId,
        actor: UserId,
        others: &[UserId],
    ) -> Result<Self, WriteError> {
        let locked = timeline::lock(transaction, tenant, conversation).await?;
        let locked = locked.ok_or(Refusal::ConversationNotFound)?;
        let concerned: BTreeSet<UserId> = others.iter().copied().chain([actor]).collect();
        let concerned: Vec<UserId> = concerned.into_iter().collect();
        let rows = lock(transaction, tenant, conversation, &concerned).await?;
        let actor = rows.iter().find(|row| row.user() == actor && row.is_active()).cloned();
        Ok(Self { conversation: locked, actor: actor.ok_or(Refusal::ConversationNotFound)?, others: rows })
    }

    fn target(&self, user: UserId) -> Result<&MemberState, Refusal> {
        let target = self.others.iter().find(|row| row.user() == user && row.is_active());
        target.ok_or(Refusal::NotAMember(user))
    }
}

async fn active(
    transaction: &mut Connection,
    tenant: &TenantId,
    conversation: ConversationId,
) -> Result<Vec<(UserId, Role, i64)>, StoreError> {
    let query = sql!(
        "SELECT user_id, role, join_order FROM members
         WHERE tenant = $1 AND conversation_id = $2 AND left_seq IS NULL"
    );
    let rows: Vec<(Text<UserId>, Text<Role>, i64)> = transaction.all(query.bind(tenant).bind(conversation)).await?;
    Ok(rows.into_iter().map(|(user, role, order)| (user.0, role.0, order)).collect())
}

async fn count(
    transaction: &mut Connection,
    tenant: &TenantId,
    conversation: ConversationId,
) -> Result<usize, StoreError> {
    let query = sql!("SELECT COUNT(*) FROM members WHERE tenant = $1 AND conversation_id = $2 AND left_seq IS NULL");
    let (count,): (i64,) = transaction.one(query.bind(tenant).bind(conversation)).await?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// Makes a member's row a tombstone.
async fn bury(
    transaction: &mut Connection,
    tenant: &TenantId,
    conversation: ConversationId,
    user: UserId,
    (seq, mark): (u64, Mark),
) -> Result<(), StoreError> {
    let query = sql!(
        "UPDATE members SET left_seq = $4, change_mark = $5, membership_mark = $5
         WHERE tenant = $1 AND conversation_id = $2 AND user_id = $3"
    );
    let query = query.bind(tenant).bind(conversation).bind(user).bind(seq).bind(mark.to_column());
    transaction.run(query).await?;
    Ok(())
}

async fn set_role(
    transaction: &mut Connection,
    tenant: &TenantId,
    conversation: ConversationId,
    user: UserId,
    role: Role,
    mark: Mark,
) -> Result<(), StoreError> {
    let query = sql!(
        "UPDATE members SET role = $4, change_mark = $5
         WHERE tenant = $1 AND conversation_id = $2 AND user_id = $3"
    );
    let query = query.bind(tenant).bind(conversation).bind(user).bind(role.as_str()).bind(mark.to_column());
    transaction.run(query).await?;
    Ok(())
}
