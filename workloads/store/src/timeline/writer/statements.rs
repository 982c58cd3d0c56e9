//! The statements of a batch. Each takes all its rows in one JSON value.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use confab_contract::{ConversationId, MessageId, TenantId, Timestamp};

use super::job::Job;
use super::plan::{Facts, Known, Place, Stored};
use crate::changes::Mark;
use crate::engine::{Connection, Millis, Rows, Seq, Text};
use crate::{Engine, Refusal, StoreError};

/// Takes the conversations' rows, in their order, so that two processes never wait for each other. SQLite has one writer,
/// whose transaction holds everything.
pub(super) async fn lock_conversations(transaction: &mut Connection, jobs: &[Job]) -> Result<(), StoreError> {
    if transaction.engine() == Engine::Sqlite {
        return Ok(());
    }
    let places: BTreeSet<(&TenantId, ConversationId)> =
        jobs.iter().map(|job| (&job.tenant, job.message.conversation)).collect();
    let query = sql!(
        "SELECT c.last_seq FROM " rows
        "CROSS JOIN conversations c WHERE c.tenant = j.value->>0 AND c.id = j.value->>1
         ORDER BY c.tenant, c.id" locking "c"
    );
    transaction.run(query.bind(Rows::of(&Vec::from_iter(places)))).await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct FactsRow {
    job: i64,
    /// Where the conversation ends, if there is one.
    last_seq: Option<Seq>,
    visible_from: Option<Seq>,
    sender_is_suspended: bool,
    peer_is_suspended: bool,
    known_id: Option<Text<MessageId>>,
    known_seq: Option<Seq>,
    known_digest: Option<String>,
    known_at: Option<Millis>,
    reply_seq: Option<Seq>,
}

/// What the store says about each message, and where each conversation ends that exists. It runs after the locks: what
/// another process has committed is seen.
pub(super) async fn facts(
    transaction: &mut Connection,
    jobs: &[Job],
) -> Result<(Vec<Facts>, HashMap<Place, u64>), StoreError> {
    let query = sql!(
        "SELECT CAST(j.value->>0 AS BIGINT) AS job, c.last_seq, s.visible_from,
             u.suspended_at IS NOT NULL AS sender_is_suspended,
             COALESCE(c.kind = 'direct' AND EXISTS (SELECT 1 FROM members o
                 JOIN users p ON p.tenant = o.tenant AND p.id = o.user_id
                 WHERE o.tenant = c.tenant AND o.conversation_id = c.id AND o.user_id <> j.value->>3
                   AND p.suspended_at IS NOT NULL), false) AS peer_is_suspended,
             t.id AS known_id, t.seq AS known_seq, t.body_digest AS known_digest, t.created_at AS known_at,
             r.seq AS reply_seq
         FROM " rows
        "LEFT JOIN conversations c ON c.tenant = j.value->>1 AND c.id = j.value->>2
         LEFT JOIN members s ON s.tenant = j.value->>1 AND s.conversation_id = j.value->>2
             AND s.user_id = j.value->>3 AND s.left_seq IS NULL
         LEFT JOIN users u ON u.tenant = j.value->>1 AND u.id = j.value->>3
         LEFT JOIN messages t ON t.tenant = j.value->>1 AND t.conversation_id = j.value->>2
             AND t.sender_id = j.value->>3 AND t.temp_id = j.value->>4
         LEFT JOIN messages r ON r.tenant = j.value->>1 AND r.id = j.value->>5 AND r.conversation_id = j.value->>2"
    );
    let rows: Vec<_> = jobs
        .iter()
        .enumerate()
        .map(|(index, job)| {
            let message = &job.message;
            (index, &job.tenant, message.conversation, message.sender, job.temp_id(), message.reply_to)
        })
        .collect();
    let found: Vec<FactsRow> = transaction.all(query.bind(Rows::of(&rows))).await?;
    let (mut facts, mut last_seqs) = (vec![Facts::default(); jobs.len()], HashMap::new());
    for row in found {
        let Some((index, job)) = usize::try_from(row.job).ok().and_then(|index| Some((index, jobs.get(index)?))) else {
            continue;
        };
        last_seqs.extend(row.last_seq.map(|last_seq| (job.conversation(), last_seq.0)));
        facts[index] = row.into();
    }
    Ok((facts, last_seqs))
}

impl From<FactsRow> for Facts {
    fn from(row: FactsRow) -> Self {
        let known = match (row.known_id, row.known_seq, row.known_at) {
            (Some(id), Some(seq), Some(at)) => {
                Some(Known { message_id: id.0, seq: seq.0, digest: row.known_digest, created_at: at.0 })
            }
            _ => None,
        };
        Self {
            visible_from: row.visible_from.map(|seq| seq.0),
            sender_is_suspended: row.sender_is_suspended,
            peer_is_suspended: row.peer_is_suspended,
            known,
            reply_seq: row.reply_seq.map(|seq| seq.0),
        }
    }
}

/// Moves the conversations on. Clocks of several processes differ, but no conversation becomes older by a message.
pub(super) async fn advance(
    transaction: &mut Connection,
    advances: &BTreeMap<Place, (u64, Timestamp)>,
    marks: &HashMap<TenantId, Mark>,
) -> Result<(), StoreError> {
    let query = sql!(
        "UPDATE conversations SET last_seq = CAST(j.value->>2 AS BIGINT), change_mark = CAST(j.value->>4 AS BIGINT),
             updated_at = CASE WHEN updated_at > CAST(j.value->>3 AS BIGINT) THEN updated_at
                 ELSE CAST(j.value->>3 AS BIGINT) END
         FROM " rows "WHERE conversations.tenant = j.value->>0 AND conversations.id = j.value->>1"
    );
    let rows: Vec<_> = advances
        .iter()
        .map(|((tenant, id), (last_seq, at))| (tenant, id, last_seq, at.as_millis(), mark(marks, tenant)))
        .collect();
    transaction.run(query.bind(Rows::of(&rows))).await?;
    Ok(())
}

/// Stores the new messages.
pub(super) async fn insert(
    transaction: &mut Connection,
    jobs: &[Job],
    verdicts: &[Result<Stored, Refusal>],
    marks: &HashMap<TenantId, Mark>,
) -> Result<(), StoreError> {
    let query = sql!(
        "INSERT INTO messages (tenant, conversation_id, seq, id, sender_id, message_type, version, change_mark,
             created_at, updated_at, reply_to, temp_id, body_digest, metadata, content)
         SELECT j.value->>0, j.value->>1, CAST(j.value->>2 AS BIGINT), j.value->>3, j.value->>4, j.value->>5, 1,
             CAST(j.value->>6 AS BIGINT), CAST(j.value->>7 AS BIGINT), CAST(j.value->>7 AS BIGINT), j.value->>8,
             j.value->>9, j.value->>10, j.value->>11, j.value->>12
         FROM " rows
    );
    let rows: Vec<_> = jobs
        .iter()
        .zip(verdicts)
        .filter_map(|(job, verdict)| match verdict {
            Ok(Stored::Now { seq }) => Some((job, seq)),
            _ => None,
        })
        .map(|(job, seq)| {
            let message = &job.message;
            (
                &job.tenant,
                message.conversation,
                seq,
                message.id,
                message.sender,
                message.message_type.as_str(),
                mark(marks, &job.tenant),
                message.at.as_millis(),
                message.reply_to,
                job.temp_id(),
                job.digest.as_deref(),
                job.metadata.as_str(),
                message.content_encrypted.as_str(),
            )
        })
        .collect();
    transaction.run(query.bind(Rows::of(&rows))).await?;
    Ok(())
}

fn mark(marks: &HashMap<TenantId, Mark>, tenant: &TenantId) -> i64 {
    marks.get(tenant).copied().map_or(0, Mark::to_column)
}
