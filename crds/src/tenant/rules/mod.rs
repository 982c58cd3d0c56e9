//! The rules between fields, as CEL: the API server and `offline` evaluate the same text.
//!
//! Keep them to what both understand: `has`, comparisons, `in`, `size`, `all`, `matches`, `quantity`, `isCIDR`. A rule
//! that uses `oldSelf` concerns updates only, and is not evaluated where the field is new or gone: rules on changes
//! therefore stand at `spec`, which is always there. Every list and text that a rule goes through has a bound in the
//! schema, since the API server refuses a definition whose rules might cost too much.

pub(super) mod auth;
pub(super) mod backing;
pub(super) mod gateway;
pub(super) mod identity;
pub(super) mod placement;
pub(super) mod storage;
pub(super) mod workload;

/// Whether all of `path` is there: `has(self.a) && has(self.a.b)`.
fn reaches(root: &str, path: &str) -> String {
    let mut so_far = root.to_owned();
    let steps: Vec<String> = path
        .split('.')
        .map(|step| {
            so_far = format!("{so_far}.{step}");
            format!("has({so_far})")
        })
        .collect();
    steps.join(" && ")
}

/// Whether the tenant has pods of its own.
const DEDICATED: &str = "(has(self.placement) && has(self.placement.mode) && self.placement.mode == 'Dedicated')";
