//! Between the generated messages and the types that everybody else uses.

use super::record::TenantRecord;
use super::state::{RefusalReason, TenantState};
use super::v1;
use crate::Timestamp;
use crate::config::Checked as _;
use crate::config::tenant::TenantConfig;

/// Bytes of a tenant's settings as JSON at most.
const CONFIG_BYTES: usize = 64 * 1024;

impl From<&TenantRecord> for v1::TenantRecord {
    fn from(record: &TenantRecord) -> Self {
        let json = |value: serde_json::Result<String>| value.expect("settings are plain data");
        Self {
            id: record.id().to_string(),
            uid: record.uid.clone(),
            created_at_millis: record.created_at.as_millis(),
            generation: i64::try_from(record.generation).unwrap_or(i64::MAX),
            config_json: json(serde_json::to_string(&record.config)),
            namespace_labels: record.namespace_labels.clone().into_iter().collect(),
            hibernated: record.hibernated,
            retain: record.retain,
            guests_json: record.guests.as_ref().map(|guests| json(serde_json::to_string(guests))),
        }
    }
}

impl TryFrom<v1::TenantRecord> for TenantRecord {
    /// Everything that is wrong with it, with what to do.
    type Error = String;

    fn try_from(wire: v1::TenantRecord) -> Result<Self, String> {
        if wire.config_json.len() > CONFIG_BYTES {
            return Err(format!("config_json: must be {CONFIG_BYTES} bytes at most"));
        }
        let config: TenantConfig = parse("config_json", &wire.config_json)?;
        if config.id.as_str() != wire.id {
            return Err(format!("id: must be the id of config_json, which is {}", config.id));
        }
        let record = Self {
            uid: wire.uid,
            created_at: Timestamp::from_millis(wire.created_at_millis),
            generation: u64::try_from(wire.generation).unwrap_or_default(),
            config,
            namespace_labels: wire.namespace_labels.into_iter().collect(),
            hibernated: wire.hibernated,
            retain: wire.retain,
            guests: wire.guests_json.map(|json| parse("guests_json", &json)).transpose()?,
        };
        let problems = record.problems();
        if problems.is_empty() {
            return Ok(record);
        }
        Err(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }
}

fn parse<T: serde::de::DeserializeOwned>(field: &str, json: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| {
        format!("{field}: {error}; the host and the operator must be of versions that know each other's settings")
    })
}

impl From<RefusalReason> for v1::Refusal {
    fn from(reason: RefusalReason) -> Self {
        match reason {
            RefusalReason::DomainTaken => Self::DomainTaken,
            RefusalReason::NotAllowed => Self::NotAllowed,
            RefusalReason::HostFull => Self::HostFull,
            RefusalReason::InvalidConfig => Self::InvalidConfig,
            RefusalReason::EncryptionDiffers => Self::EncryptionDiffers,
            RefusalReason::Superseded => Self::Superseded,
            RefusalReason::BeingDeleted => Self::BeingDeleted,
        }
    }
}

impl v1::Refusal {
    /// The reason; `None` for one that this version does not know.
    #[must_use]
    pub const fn reason(self) -> Option<RefusalReason> {
        Some(match self {
            Self::Unspecified => return None,
            Self::DomainTaken => RefusalReason::DomainTaken,
            Self::NotAllowed => RefusalReason::NotAllowed,
            Self::HostFull => RefusalReason::HostFull,
            Self::InvalidConfig => RefusalReason::InvalidConfig,
            Self::EncryptionDiffers => RefusalReason::EncryptionDiffers,
            Self::Superseded => RefusalReason::Superseded,
            Self::BeingDeleted => RefusalReason::BeingDeleted,
        })
    }
}

impl From<TenantState> for v1::TenantState {
    fn from(state: TenantState) -> Self {
        match state {
            TenantState::Serving => Self::Serving,
            TenantState::Hibernated => Self::Hibernated,
            TenantState::NotAllowed => Self::NotAllowed,
            TenantState::Retained => Self::Retained,
            TenantState::Deleting => Self::Deleting,
            // Nobody lists what is gone.
            TenantState::Gone => Self::Unspecified,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::GuestPolicy;

    fn record() -> TenantRecord {
        let config = TenantConfig::new("default.demo".parse().expect("an id"), "chat.example.com");
        TenantRecord::new("9f1c", Timestamp::from_millis(1000), config)
    }

    #[test]
    fn a_record_survives_the_wire() {
        let mut record = record();
        record.namespace_labels.insert("team".to_owned(), "red".to_owned());
        record.guests = Some(GuestPolicy::default());
        record.hibernated = true;
        assert_eq!(TenantRecord::try_from(v1::TenantRecord::from(&record)), Ok(record));
    }

    #[test]
    fn what_is_wrong_with_one_is_said() {
        let wrong = |change: fn(&mut v1::TenantRecord)| {
            let mut wire = v1::TenantRecord::from(&record());
            change(&mut wire);
            TenantRecord::try_from(wire).expect_err("it is wrong")
        };
        assert!(wrong(|wire| wire.id = "default.other".to_owned()).starts_with("id: "));
        assert!(wrong(|wire| wire.config_json = "{".to_owned()).starts_with("config_json: "));
        assert!(wrong(|wire| wire.config_json = wire.config_json.replace("domain", "domian")).contains("domian"));
        assert!(wrong(|wire| wire.config_json = " ".repeat(CONFIG_BYTES + 1)).contains("bytes"));
        assert!(wrong(|wire| wire.generation = -1).starts_with("generation: "));
        assert!(wrong(|wire| wire.guests_json = Some("[1]".to_owned())).starts_with("guests_json: "));
    }
}
