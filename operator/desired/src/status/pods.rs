//! How far the pods of a role are, from the status of their Deployment or StatefulSet.

use confab_crds::tenant::PodCounts;
use serde_json::Value;

/// How far the pods of a role are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pods {
    /// Pods that are wanted.
    pub desired: i32,
    /// Pods that serve.
    pub ready: i32,
    /// Pods of the newest template.
    pub updated: i32,
    /// Pods that there are, also such as are to go.
    pub total: i32,
    /// Whether the controller has seen the newest spec.
    pub seen: bool,
}

impl Pods {
    /// Whether all pods that are wanted serve, none of an older template is left, and nothing is under way.
    pub fn settled(self) -> bool {
        self.seen && self.ready >= self.desired && self.updated >= self.desired && self.total <= self.desired
    }

    /// As in the status.
    pub fn counts(self) -> PodCounts {
        PodCounts { desired: Some(self.desired), ready: Some(self.ready), updated: Some(self.updated) }
    }
}

/// From a live Deployment or StatefulSet; nothing where there is none.
pub fn pods_of(live: Option<&Value>) -> Pods {
    let Some(live) = live else { return Pods::default() };
    let status = &live["status"];
    let number = |value: &Value| value.as_i64().and_then(|number| i32::try_from(number).ok()).unwrap_or(0);
    let generation = live["metadata"]["generation"].as_i64();
    Pods {
        // The API server fills in 1.
        desired: live["spec"].get("replicas").map_or(1, number),
        ready: number(&status["readyReplicas"]),
        updated: number(&status["updatedReplicas"]),
        total: number(&status["replicas"]),
        seen: generation.is_some() && status["observedGeneration"].as_i64() >= generation,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn live(status: &Value) -> Value {
        json!({"metadata": {"generation": 3}, "spec": {"replicas": 2}, "status": status})
    }

    #[test]
    fn pods_are_settled_when_the_newest_spec_was_seen_and_none_is_missing_old_or_leaving() {
        let all = json!({"observedGeneration": 3, "replicas": 2, "readyReplicas": 2, "updatedReplicas": 2});
        assert!(pods_of(Some(&live(&all))).settled());
        for (field, value) in [("observedGeneration", 2), ("replicas", 3), ("readyReplicas", 1), ("updatedReplicas", 1)]
        {
            let mut status = all.clone();
            status[field] = value.into();
            assert!(!pods_of(Some(&live(&status))).settled(), "{field}");
        }
        assert!(!pods_of(Some(&live(&json!(null)))).settled());
        assert!(!pods_of(None).settled());
    }
}
