//! What several devices come to.

use confab_contract::rest::users::PresenceStatus;

/// What a person shows who shows all this at once: the first of online, away, busy. No device: offline.
#[must_use]
pub fn aggregate(statuses: impl IntoIterator<Item = PresenceStatus>) -> PresenceStatus {
    // `PresenceStatus` is ordered by that.
    statuses.into_iter().min().unwrap_or(PresenceStatus::Offline)
}

#[cfg(test)]
mod tests {
    use PresenceStatus::{Away, Busy, Offline, Online};

    use super::*;

    #[test]
    fn one_active_device_makes_a_person_online() {
        let table: [(&[PresenceStatus], PresenceStatus); 5] = [
            (&[], Offline),
            (&[Away, Online, Busy], Online),
            (&[Busy, Away], Away),
            (&[Busy, Offline], Busy),
            (&[Offline], Offline),
        ];
        for (statuses, expected) in table {
            assert_eq!(aggregate(statuses.iter().copied()), expected, "{statuses:?}");
        }
    }
}
