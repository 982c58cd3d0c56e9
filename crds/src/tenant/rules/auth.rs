//! Tokens and origins.

use kube::core::Rule;

use crate::tenant::defaults::{ACCESS_TOKEN_SECONDS, REFRESH_TOKEN_DAYS};

/// Otherwise a session could end while its token still works.
pub(in crate::tenant) fn refresh_outlives_access() -> Rule {
    Rule::new(format!(
        "(has(self.refreshTokenDays) ? self.refreshTokenDays : {REFRESH_TOKEN_DAYS}) * 86400 > \
         (has(self.accessTokenSeconds) ? self.accessTokenSeconds : {ACCESS_TOKEN_SECONDS})"
    ))
    .message("refreshTokenDays must be longer than accessTokenSeconds, so that a session outlives its access tokens")
    .field_path(".refreshTokenDays")
}

/// `*` beside others would hide that the others mean nothing.
pub(in crate::tenant) fn any_origin_stands_alone() -> Rule {
    Rule::new("self.size() <= 1 || !('*' in self)")
        .message("'*' allows every origin already: keep it alone, or list the origins without it")
}
