//! How many pods, how large, and where.

use kube::core::Rule;

use super::backing::variant;
use super::{DEDICATED, reaches};

/// `kubectl scale --replicas=0` is what people try first.
pub(in crate::tenant) fn nothing_is_hibernated() -> Rule {
    Rule::new("self > 0").message("a tenant without pods is hibernated: write `hibernated: true` and leave replicas as it is, so that waking restores it")
}

/// Without Redis a replica would not learn what happens in the others.
pub(in crate::tenant) fn replicas_need_redis() -> Rule {
    Rule::new(format!("!{DEDICATED} || !has(self.replicas) || self.replicas <= 1 || has(self.redis)"))
        .message(&*several_need_redis("replicas"))
        .field_path(".replicas")
}

/// The same for the numbers of one program.
pub(in crate::tenant) fn own_replicas_need_redis(program: &str) -> Rule {
    let bound = |name: &str| {
        let path = format!("{program}.replicas.{name}");
        format!("(!({}) || self.{path} <= 1)", reaches("self", &path))
    };
    Rule::new(format!("!{DEDICATED} || has(self.redis) || ({} && {})", bound("min"), bound("max")))
        .message(&*several_need_redis(&format!("{program}.replicas")))
        .field_path(format!(".{program}"))
}

fn several_need_redis(field: &str) -> String {
    format!(
        "{field} above 1 needs redis, which joins the replicas, and with it database.postgres or database.cloudNativePG; add \
         `redis: {{managed: {{}}}}`, or keep one replica"
    )
}

/// With SQLite there is one process, and `messaging` describes it.
pub(in crate::tenant) fn embedded_is_one_process() -> Rule {
    Rule::new(format!("!{DEDICATED} || !has(self.presence) || {} != 'embedded'", variant("self")))
        .message(
            "presence is no process of its own with an embedded database: describe the single process under messaging and remove presence",
        )
        .field_path(".presence")
}

/// A range that is one.
pub(in crate::tenant) fn min_is_not_above_max() -> Rule {
    Rule::new("!has(self.min) || !has(self.max) || self.min <= self.max")
        .message("min must not be above max; for a fixed number give min alone")
        .field_path(".min")
}

/// Kubernetes refuses a pod that asks for more than it may use.
pub(in crate::tenant) fn limits_cover_requests(resource: &str) -> Rule {
    let amount = |side: &str| format!("quantity(string(self.{side}.{resource}))");
    let given = |side: &str| reaches("self", &format!("{side}.{resource}"));
    Rule::new(format!(
        "!({} && {}) || {}.compareTo({}) <= 0",
        given("requests"),
        given("limits"),
        amount("requests"),
        amount("limits")
    ))
    .message(&*format!("requests.{resource} must not be above limits.{resource}: raise the limit or lower the request"))
    .field_path(format!(".requests.{resource}"))
}

/// As the API server asks of a pod.
pub(in crate::tenant) fn existing_taint_has_no_value() -> Rule {
    Rule::new("!has(self.value) || self.value == '' || !has(self.operator) || self.operator == 'Equal'")
        .message("operator: Exists compares no value: remove `value`, or write operator: Equal")
        .field_path(".value")
}

/// As the API server asks of a pod.
pub(in crate::tenant) fn unnamed_taint_only_exists() -> Rule {
    Rule::new("has(self.key) || (has(self.operator) && self.operator == 'Exists')")
        .message("name the taint with `key`, or write operator: Exists to bear every taint")
        .field_path(".key")
}

/// As the API server asks of a pod.
pub(in crate::tenant) fn only_eviction_waits() -> Rule {
    Rule::new("!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')")
        .message("tolerationSeconds needs effect: NoExecute, since other effects end no pod that runs")
        .field_path(".tolerationSeconds")
}
