//! What becomes of a hub when its tenant changes, and when nobody needs it any more.

use confab_contract::config::tenant::LimitsConfig;
use confab_contract::socket::close::CloseReason;

use super::TenantHub;
use crate::session::lock;

impl TenantHub {
    /// Retires if nobody is connected and nothing is left to be done: then the tenant costs nothing here.
    pub fn retire(&self) -> bool {
        let conversations = lock(&self.conversations);
        let mut people = lock(&self.people);
        let is_idle = conversations.feeds.is_empty()
            && lock(&self.permits).is_empty()
            && lock(&self.watchers).is_empty()
            && lock(&self.acknowledged).is_empty()
            && lock(&self.changed).is_empty()
            && lock(&self.leavers).is_empty();
        is_idle && people.retire()
    }

    /// The tenant's settings have changed: what they bound is counted anew.
    pub fn settle_for(&self, limits: &LimitsConfig) {
        lock(&self.permits).clear();
        let most = usize::try_from(limits.connections_per_user).unwrap_or(usize::MAX);
        let too_many = lock(&self.people).beyond(most);
        for session in too_many {
            session.close(CloseReason::Replaced);
        }
    }
}
