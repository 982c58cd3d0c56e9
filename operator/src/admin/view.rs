//! What is known of what a host serves. Pure.

use std::collections::HashMap;

use confab_contract::TenantId;
use confab_contract::admin::v1::{self, TenantSummary};
use confab_contract::admin::{TenantRecord, TenantState};

/// What a host serves, as far as is known.
#[derive(Debug, Default)]
pub(super) struct View {
    tenants: HashMap<TenantId, Known>,
    /// Whether a list was read: before that nothing may be concluded from an absence.
    pub(super) listed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    uid: String,
    generation: u64,
    state: Option<TenantState>,
    /// What we told it, if it was this process that did. After a start of the operator generation and uid must do.
    told: Option<TenantRecord>,
}

/// A tenant of a host for which there is no `ChatTenant`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// Its id.
    pub id: TenantId,
    /// The uid that it had.
    pub uid: String,
}

impl View {
    /// Whether the host serves exactly this record.
    pub(super) fn serves(&self, record: &TenantRecord) -> bool {
        self.tenants.get(record.id()).is_some_and(|known| {
            let state = if record.hibernated { TenantState::Hibernated } else { TenantState::Serving };
            known.uid == record.uid
                && known.generation == record.generation
                && known.state == Some(state)
                && known.told.as_ref().is_none_or(|told| told == record)
        })
    }

    /// The host has taken this record.
    pub(super) fn told(&mut self, record: &TenantRecord) {
        let state = if record.hibernated { TenantState::Hibernated } else { TenantState::Serving };
        let known = Known {
            uid: record.uid.clone(),
            generation: record.generation,
            state: Some(state),
            told: Some(record.clone()),
        };
        self.tenants.insert(record.id().clone(), known);
    }

    /// Whatever is known of this tenant may be wrong.
    pub(super) fn doubt(&mut self, id: &TenantId) {
        self.tenants.remove(id);
    }

    /// A whole list was read. Returns whose state differs from what was known.
    pub(super) fn list(&mut self, summaries: Vec<TenantSummary>) -> Vec<TenantId> {
        let mut before = std::mem::take(&mut self.tenants);
        let mut differ = Vec::new();
        for summary in summaries {
            let Ok(id) = summary.id.parse::<TenantId>() else { continue };
            let mut known = Known {
                state: summary.state().state(),
                uid: summary.uid,
                generation: u64::try_from(summary.generation).unwrap_or_default(),
                told: None,
            };
            match before.remove(&id) {
                Some(was) if was.uid == known.uid && was.generation == known.generation && was.state == known.state => {
                    known.told = was.told;
                }
                Some(_) => differ.push(id.clone()),
                None if self.listed => differ.push(id.clone()),
                None => {}
            }
            self.tenants.insert(id, known);
        }
        differ.extend(before.into_keys());
        self.listed = true;
        differ
    }

    /// Whom the host still serves and nobody wants: `wanted` says of an id and uid whether there is such a tenant.
    pub(super) fn orphans(&self, wanted: impl Fn(&TenantId, &str) -> bool) -> Vec<Orphan> {
        let served = self.tenants.iter().filter(|(_, known)| known.state.is_some_and(|state| !state.is_removed()));
        let orphans = served.filter(|(id, known)| !wanted(id, &known.uid));
        orphans.map(|(id, known)| Orphan { id: id.clone(), uid: known.uid.clone() }).collect()
    }
}

/// The state of a summary, where this version knows it.
trait KnownState {
    fn state(self) -> Option<TenantState>;
}

impl KnownState for v1::TenantState {
    fn state(self) -> Option<TenantState> {
        match self {
            Self::Serving => Some(TenantState::Serving),
            Self::Hibernated => Some(TenantState::Hibernated),
            Self::NotAllowed => Some(TenantState::NotAllowed),
            Self::Retained => Some(TenantState::Retained),
            Self::Deleting => Some(TenantState::Deleting),
            Self::Unspecified => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use confab_contract::Timestamp;
    use confab_contract::config::tenant::TenantConfig;

    use super::*;

    fn record(name: &str) -> TenantRecord {
        let config = TenantConfig::new(format!("n.{name}").parse().unwrap(), format!("{name}.example.com"));
        TenantRecord::new("u", Timestamp::from_millis(1), config)
    }

    fn summary(name: &str, generation: i64, state: v1::TenantState) -> TenantSummary {
        TenantSummary { id: format!("n.{name}"), uid: "u".to_owned(), generation, state: state.into() }
    }

    #[test]
    fn what_a_host_was_told_it_serves_until_the_record_changes() {
        let mut view = View::default();
        assert!(!view.serves(&record("a")));
        view.told(&record("a"));
        assert!(view.serves(&record("a")));
        assert!(!view.serves(&TenantRecord { generation: 2, ..record("a") }));
        assert!(!view.serves(&TenantRecord { hibernated: true, ..record("a") }));
        let labels = [("team".to_owned(), "a".to_owned())].into();
        assert!(!view.serves(&TenantRecord { namespace_labels: labels, ..record("a") }));
    }

    #[test]
    fn a_list_shows_what_was_lost_and_what_nobody_wants() {
        let mut view = View::default();
        assert!(view.list(vec![summary("a", 1, v1::TenantState::Serving)]).is_empty(), "the first list is no change");
        assert!(view.serves(&record("a")));
        view.told(&record("b"));
        let differ =
            view.list(vec![summary("a", 1, v1::TenantState::NotAllowed), summary("c", 1, v1::TenantState::Serving)]);
        let mut differ: Vec<String> = differ.iter().map(ToString::to_string).collect();
        differ.sort();
        assert_eq!(differ, ["n.a", "n.b", "n.c"]);
        assert!(!view.serves(&record("a")) && !view.serves(&record("b")));
        let orphans = view.orphans(|id, _| id.to_string() == "n.a");
        assert_eq!(orphans.len(), 1);
        assert_eq!(orphans[0].id.to_string(), "n.c");
    }

    #[test]
    fn what_is_retained_is_no_orphan() {
        let mut view = View::default();
        view.list(vec![summary("a", 1, v1::TenantState::Retained)]);
        assert!(view.orphans(|_, _| false).is_empty());
    }
}
