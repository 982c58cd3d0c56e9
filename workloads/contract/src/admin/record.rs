//! A tenant as the operator knows it.

use std::collections::BTreeMap;

use super::policy::GuestPolicy;
use crate::config::tenant::TenantConfig;
use crate::config::{Checked, ConfigProblem};
use crate::{TenantId, Timestamp};

/// Characters of a uid at most; Kubernetes makes them of 36.
const UID_CHARS: usize = 64;
/// Labels of a namespace at most.
const LABELS: usize = 256;
/// Further host names of a guest at most.
const EXTRA_HOSTS: usize = 16;

/// A tenant as the operator knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRecord {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.creationTimestamp`.
    pub created_at: Timestamp,
    /// `metadata.generation`, from 1.
    pub generation: u64,
    /// Its settings, with its id.
    pub config: TenantConfig,
    /// Labels of its namespace.
    pub namespace_labels: BTreeMap<String, String>,
    /// Answer its requests 503.
    pub hibernated: bool,
    /// Whether its rows outlive the `ChatTenant`.
    pub retain: bool,
    /// In a host's own record: who may be a guest. `None`: nobody.
    pub guests: Option<GuestPolicy>,
}

impl TenantRecord {
    /// A tenant in its first generation, with nothing special about it.
    pub fn new(uid: impl Into<String>, created_at: Timestamp, config: TenantConfig) -> Self {
        Self {
            uid: uid.into(),
            created_at,
            generation: 1,
            config,
            namespace_labels: BTreeMap::new(),
            hibernated: false,
            retain: true,
            guests: None,
        }
    }

    /// Its id.
    pub fn id(&self) -> &TenantId {
        &self.config.id
    }
}

impl Checked for TenantRecord {
    fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems: Vec<ConfigProblem> =
            self.config.problems().into_iter().map(|problem| problem.inside("config")).collect();
        if self.uid.is_empty() || self.uid.len() > UID_CHARS || !self.uid.bytes().all(|byte| byte.is_ascii_graphic()) {
            problems.push(ConfigProblem::new("uid", "must be 1 to 64 printable characters"));
        }
        if self.generation == 0 {
            problems.push(ConfigProblem::new("generation", "must be at least 1"));
        }
        if self.namespace_labels.len() > LABELS {
            problems.push(ConfigProblem::new("namespace_labels", "at most 256"));
        }
        if self.config.extra_hosts.len() > EXTRA_HOSTS {
            problems.push(ConfigProblem::new("config.extra_hosts", "at most 16"));
        }
        if let Some(guests) = &self.guests {
            problems.extend(guests.problems().into_iter().map(|problem| problem.inside("guests")));
        }
        problems
    }
}

/// Which of two records of one tenant id is the newer one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.creationTimestamp`.
    pub created_at: Timestamp,
    /// `metadata.generation`.
    pub generation: u64,
}

impl Version {
    /// Whether this one is older than what is stored. Within one life of a tenant the generation counts; of two lives the
    /// one that began later. Both may begin in the same second, the finest that Kubernetes tells: then the one that comes
    /// later counts.
    #[must_use]
    pub fn is_older_than(&self, stored: &Self) -> bool {
        if self.uid == stored.uid {
            return self.generation < stored.generation;
        }
        self.created_at < stored.created_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> TenantRecord {
        let config = TenantConfig::new("default.demo".parse().expect("an id"), "chat.example.com");
        TenantRecord::new("9f1c", Timestamp::from_millis(1000), config)
    }

    fn keys(change: impl FnOnce(&mut TenantRecord)) -> Vec<String> {
        let mut record = record();
        change(&mut record);
        record.problems().into_iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        assert_eq!(keys(|_| ()), Vec::<String>::new());
        assert_eq!(keys(|record| record.uid.clear()), ["uid"]);
        assert_eq!(keys(|record| record.uid = "a b".to_owned()), ["uid"]);
        assert_eq!(keys(|record| record.generation = 0), ["generation"]);
        assert_eq!(keys(|record| record.config.domain.clear()), ["config.domain"]);
        assert_eq!(keys(|record| record.config.extra_hosts = vec!["a/b".to_owned()]), ["config.extra_hosts"]);
        let many = || (0..17).map(|number| format!("h{number}.example.com")).collect();
        assert_eq!(keys(|record| record.config.extra_hosts = many()), ["config.extra_hosts"]);
        let nobody = GuestPolicy { max_tenants: 0, ..GuestPolicy::default() };
        assert_eq!(keys(|record| record.guests = Some(nobody)), ["guests.max_tenants"]);
    }

    #[test]
    fn generations_count_within_a_life_and_the_later_life_counts_among_several() {
        let version = |uid: &str, created: i64, generation| Version {
            uid: uid.to_owned(),
            created_at: Timestamp::from_millis(created),
            generation,
        };
        assert!(version("a", 1, 2).is_older_than(&version("a", 1, 3)));
        assert!(!version("a", 1, 3).is_older_than(&version("a", 1, 3)));
        assert!(version("a", 1, 9).is_older_than(&version("b", 2, 1)));
        assert!(!version("b", 2, 1).is_older_than(&version("a", 1, 9)));
        assert!(!version("b", 1, 1).is_older_than(&version("a", 1, 9)), "made again within the same second");
    }
}
