//! How much of what somebody missed fits into one answer of a sync: the newest events, by their bytes.

use std::collections::HashMap;

use confab_contract::limit::SYNC_EVENT_BYTES;
use confab_contract::{ConversationId, TenantId};

use crate::StoreError;
use crate::engine::{Connection, Rows, Seq, Text};
use crate::timeline::Range;

/// More than any event has, with content and metadata at the largest that a Config allows.
const LARGEST_EVENT: u64 = 256 * 1024;
/// What an event has besides content, metadata and body: ids, times, names of fields.
const ENVELOPE: u64 = 512;

/// The place of an event and its bytes.
type Size = (u64, u64);

/// These parts of timelines, cut at their old end where they would be too large together. Sizes are asked for only where
/// they matter.
pub(super) async fn fit(
    connection: &mut Connection,
    tenant: &TenantId,
    ranges: Vec<Range>,
) -> Result<Vec<Range>, StoreError> {
    let events: u64 = ranges.iter().map(|range| range.up_to.saturating_sub(range.after)).sum();
    if events.saturating_mul(LARGEST_EVENT) <= SYNC_EVENT_BYTES {
        return Ok(ranges);
    }
    let sizes = sizes(connection, tenant, &ranges).await?;
    Ok(cut(ranges, sizes, SYNC_EVENT_BYTES))
}

/// The newest events of each part that fit, earlier parts first. Pure.
fn cut(ranges: Vec<Range>, mut sizes: HashMap<ConversationId, Vec<Size>>, budget: u64) -> Vec<Range> {
    let mut left = budget;
    let cut_one = |mut range: Range| {
        let mut events = sizes.remove(&range.conversation).unwrap_or_default();
        events.sort_unstable_by_key(|(seq, _)| std::cmp::Reverse(*seq));
        for (seq, bytes) in events {
            let Some(rest) = left.checked_sub(bytes) else {
                range.after = range.after.max(seq);
                break;
            };
            left = rest;
        }
        range
    };
    ranges.into_iter().map(cut_one).collect()
}

async fn sizes(
    connection: &mut Connection,
    tenant: &TenantId,
    ranges: &[Range],
) -> Result<HashMap<ConversationId, Vec<Size>>, StoreError> {
    let messages = sql!(
        "SELECT m.conversation_id, m.seq, CAST(OCTET_LENGTH(m.metadata) + COALESCE(OCTET_LENGTH(m.content), 0) AS BIGINT)
         FROM " rows "CROSS JOIN messages m
         WHERE m.tenant = $2 AND m.conversation_id = j.value->>0
           AND m.seq > CAST(j.value->>1 AS BIGINT) AND m.seq <= CAST(j.value->>2 AS BIGINT)"
    );
    let events = sql!(
        "SELECT e.conversation_id, e.seq, CAST(OCTET_LENGTH(e.body) + COALESCE(OCTET_LENGTH(m.content), 0) AS BIGINT)
         FROM " rows "CROSS JOIN events e LEFT JOIN messages m ON m.tenant = e.tenant AND m.id = e.message_id
         WHERE e.tenant = $2 AND e.conversation_id = j.value->>0
           AND e.seq > CAST(j.value->>1 AS BIGINT) AND e.seq <= CAST(j.value->>2 AS BIGINT)"
    );
    let rows: Vec<_> = ranges.iter().map(|range| (range.conversation, range.after, range.up_to)).collect();
    let mut sizes: HashMap<ConversationId, Vec<Size>> = HashMap::new();
    for query in [messages, events] {
        let found: Vec<(Text<ConversationId>, Seq, i64)> =
            connection.all(query.bind(Rows::of(&rows)).bind(tenant)).await?;
        for (conversation, seq, bytes) in found {
            sizes.entry(conversation.0).or_default().push((seq.0, bytes.unsigned_abs() + ENVELOPE));
        }
    }
    Ok(sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_that_fit_are_kept_and_a_small_part_after_a_large_one_too() {
        let [large, small] = [ConversationId::generate(), ConversationId::generate()];
        let range = |conversation, up_to| Range { conversation, after: 0, up_to };
        let sizes = HashMap::from([(large, vec![(1, 60), (3, 50), (2, 70)]), (small, vec![(1, 5), (2, 5)])]);
        let kept = cut(vec![range(large, 3), range(small, 2)], sizes, 100);
        assert_eq!(kept.iter().map(|range| range.after).collect::<Vec<_>>(), [2, 0]);
    }

    #[test]
    fn a_part_of_which_nothing_fits_becomes_empty() {
        let conversation = ConversationId::generate();
        let sizes = HashMap::from([(conversation, vec![(1, 60), (2, 101)])]);
        let kept = cut(vec![Range { conversation, after: 0, up_to: 2 }], sizes, 100);
        assert_eq!(kept[0].after, 2);
    }
}
