//! How many tenants are in which condition, for the metrics.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use confab_crds::tenant::ChatTenantStatus;
use confab_desired::reason::condition::{READY, RECONCILING, STALLED};

use crate::metrics::{ConditionLabels, OperatorMetrics};
use crate::world::Key;

/// The conditions that are counted.
const COUNTED: [&str; 3] = [READY, RECONCILING, STALLED];

/// The conditions of each tenant, as they were last counted.
#[derive(Debug, Default)]
pub struct Census(Mutex<HashMap<Key, Vec<ConditionLabels>>>);

impl Census {
    pub(super) fn count(&self, key: &Key, status: Option<&ChatTenantStatus>, metrics: &OperatorMetrics) {
        let conditions = status.map(|status| status.conditions.as_slice()).unwrap_or_default();
        let of = |name: &'static str| {
            let found = conditions.iter().find(|condition| condition.type_ == name)?;
            let status = match found.status.as_str() {
                "True" => "True",
                "False" => "False",
                _ => "Unknown",
            };
            Some(ConditionLabels { condition: name, status })
        };
        let now: Vec<ConditionLabels> = COUNTED.into_iter().filter_map(of).collect();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.get(key) == Some(&now) {
            return;
        }
        for labels in &now {
            count(metrics, labels, 1);
        }
        if let Some(before) = all.insert(key.clone(), now) {
            for labels in &before {
                count(metrics, labels, -1);
            }
        }
    }

    pub(super) fn forget(&self, key: &Key, metrics: &OperatorMetrics) {
        if let Some(before) = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key) {
            for labels in &before {
                count(metrics, labels, -1);
            }
        }
    }
}

fn count(metrics: &OperatorMetrics, labels: &ConditionLabels, by: i64) {
    metrics.tenants.get_or_create(labels).inc_by(by);
}
