//! Making conversations.

use std::collections::HashSet;

use confab_contract::rest::conversations::ConversationType;
use confab_contract::rest::members::Role;
use confab_contract::timeline::TimelineEvent;
use confab_contract::{ConversationId, TenantId, Timestamp, UserId};

use super::{CreatedConversation, NewGroup};
use crate::engine::{Connection, Text};
use crate::members::{self, NewMember};
use crate::timeline;
use crate::{Committed, Refusal, Store, StoreError, WriteError, users};

/// The direct conversation of two people: the one that exists, or a new one. Raced by both, it is made once.
pub async fn create_direct(
    store: &Store,
    tenant: &TenantId,
    me: UserId,
    other: UserId,
    now: Timestamp,
) -> Result<CreatedConversation, WriteError> {
    if me == other {
        return Err(Refusal::Yourself.into());
    }
    let pair = pair_key(me, other);
    let mut transaction = store.begin().await?;
    if let Some(id) = find(&mut transaction, tenant, &pair).await? {
        return Ok(CreatedConversation { id, is_new: false, committed: None });
    }
    users::require_active(&mut transaction, tenant, &[other]).await?;
    users::require_active(&mut transaction, tenant, &[me]).await?;
    let plan = Plan {
        id: ConversationId::generate(),
        kind: ConversationType::Direct,
        pair: Some(pair.clone()),
        name: None,
        avatar_url: None,
        creator: me,
        members: [me, other].map(|user| NewMember { user, role: Role::Member }).to_vec(),
    };
    let id = plan.id;
    let Some(committed) = plan.carry_out(store, &mut transaction, tenant, now).await? else {
        // The other person was faster; on Postgres the insert has waited for their COMMIT.
        let found = find(&mut transaction, tenant, &pair).await?;
        let id = found.ok_or(StoreError::unavailable("the same conversation is being made"))?;
        return Ok(CreatedConversation { id, is_new: false, committed: None });
    };
    transaction.commit().await?;
    Ok(CreatedConversation { id, is_new: true, committed: Some(committed) })
}

/// A new group. The owner comes first, then the members in the order given.
pub async fn create_group(
    store: &Store,
    tenant: &TenantId,
    group: NewGroup,
    now: Timestamp,
) -> Result<CreatedConversation, WriteError> {
    let mut seen = HashSet::new();
    let named = [group.owner].into_iter().chain(group.members);
    let people: Vec<UserId> = named.filter(|user| seen.insert(*user)).collect();
    if people.len() > usize::try_from(group.most_members).unwrap_or(usize::MAX) {
        return Err(Refusal::TooManyMembers { most: group.most_members }.into());
    }
    let mut transaction = store.begin().await?;
    users::require_active(&mut transaction, tenant, &people).await?;
    let role = |user| if user == group.owner { Role::Owner } else { Role::Member };
    let plan = Plan {
        id: group.id,
        kind: ConversationType::Group,
        pair: None,
        name: Some(group.name),
        avatar_url: group.avatar_url,
        creator: group.owner,
        members: people.into_iter().map(|user| NewMember { user, role: role(user) }).collect(),
    };
    let committed = plan.carry_out(store, &mut transaction, tenant, now).await?;
    transaction.commit().await?;
    Ok(CreatedConversation { id: group.id, is_new: true, committed })
}

/// A conversation to be made.
struct Plan {
    id: ConversationId,
    kind: ConversationType,
    pair: Option<String>,
    name: Option<String>,
    avatar_url: Option<String>,
    creator: UserId,
    members: Vec<NewMember>,
}

impl Plan {
    /// `None`: the pair has a conversation already.
    async fn carry_out(
        self,
        store: &Store,
        transaction: &mut Connection,
        tenant: &TenantId,
        now: Timestamp,
    ) -> Result<Option<Committed>, StoreError> {
        let insert = sql!(
            "INSERT INTO conversations (tenant, id, kind, pair_key, name, avatar_url, created_by, created_at,
                 updated_at, last_seq, change_mark)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, 0, 0) ON CONFLICT (tenant, pair_key) DO NOTHING"
        );
        let insert = insert
            .bind(tenant)
            .bind(self.id)
            .bind(self.kind.as_str())
            .bind(self.pair)
            .bind(self.name.as_deref())
            .bind(self.avatar_url.as_deref())
            .bind(self.creator)
            .bind(now);
        if transaction.run(insert).await? == 0 {
            return Ok(None);
        }
        // Our own row needs no lock, but there is one way only in which events are appended.
        let Some(conversation) = timeline::lock(transaction, tenant, self.id).await? else { return Ok(None) };
        let people: Vec<UserId> = self.members.iter().map(|member| member.user).collect();
        let event = TimelineEvent::ConversationCreated {
            conversation_type: self.kind,
            name: self.name,
            avatar_url: self.avatar_url,
            created_by: self.creator,
            member_ids: people.clone(),
        };
        let (frame, mark) = timeline::append(store, transaction, tenant, &conversation, event, now).await?;
        members::insert(transaction, tenant, self.id, &self.members, (frame.seq, mark), now).await?;
        Ok(Some(Committed { frame, joined: people, left: Vec::new() }))
    }
}

async fn find(
    connection: &mut Connection,
    tenant: &TenantId,
    pair: &str,
) -> Result<Option<ConversationId>, StoreError> {
    let query = sql!("SELECT id FROM conversations WHERE tenant = $1 AND pair_key = $2").bind(tenant).bind(pair);
    let row: Option<(Text<ConversationId>,)> = connection.optional(query).await?;
    Ok(row.map(|(id,)| id.0))
}

/// The same for both orders of two people; a unique index on it decides who was first.
fn pair_key(one: UserId, other: UserId) -> String {
    format!("{}:{}", one.min(other), one.max(other))
}
