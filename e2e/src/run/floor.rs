//! Whether a run did enough for its verdict to mean something: a server that refuses everything loses nothing either. Pure.

use std::collections::BTreeSet;

use super::{Counts, Plan};
use crate::faults::{Injected, Kind};

/// Acknowledged sends per second of load, at least. Undisturbed, the smallest load makes ten times as many.
const SENDS_PER_SECOND: u64 = 5;
/// Connections per device of a run with faults, at least.
const CONNECTIONS: usize = 2;

/// What a run lacks; empty when it did enough.
pub fn shortcomings(plan: &Plan, counts: &Counts, faults: &[Injected]) -> Vec<String> {
    let sends = usize::try_from(plan.time.as_secs() * SENDS_PER_SECOND).unwrap_or(usize::MAX);
    let devices = plan.load.devices * (plan.load.senders + plan.load.guests);
    let mut least = vec![
        ("acknowledged sends", counts.sends, sends),
        ("deliveries", counts.deliveries, sends * plan.load.devices),
        ("retries that gave the message of an earlier attempt", counts.repeats, 1),
        ("other bodies refused under a used temp_id", counts.conflicts, 1),
    ];
    if plan.faults {
        least.push(("connections", counts.connections, CONNECTIONS * devices));
        least.push(("replayed events", counts.replayed, 1));
    }
    let too_few = least.into_iter().filter(|(_, found, least)| found < least);
    let mut lacks: Vec<String> =
        too_few.map(|(what, found, least)| format!("{found} {what}, of at least {least}")).collect();
    if counts.unknown > counts.acknowledged {
        lacks.push(format!("{} outcomes are unknown, more than the {} known", counts.unknown, counts.acknowledged));
    }
    if plan.faults {
        let came: BTreeSet<Kind> = faults.iter().map(|injected| injected.fault.kind).collect();
        lacks.extend(
            Kind::of(plan.layout).iter().filter(|kind| !came.contains(kind)).map(|kind| format!("no {kind:?}")),
        );
    }
    lacks
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::driver::Load;
    use crate::harness::{Layout, SiteOptions};

    fn plan(faults: bool) -> Plan {
        let (time, load) = (Duration::from_secs(10), Load::SMALL);
        Plan { layout: Layout::Laptop, seed: 1, time, faults, load, options: SiteOptions::default() }
    }

    fn enough() -> Counts {
        Counts {
            operations: 200,
            acknowledged: 150,
            refused: 5,
            unknown: 20,
            sends: 60,
            repeats: 3,
            conflicts: 2,
            deliveries: 500,
            replayed: 30,
            connections: 40,
        }
    }

    #[test]
    fn a_run_that_did_enough_lacks_nothing() {
        assert_eq!(shortcomings(&plan(false), &enough(), &[]), Vec::<String>::new());
    }

    #[test]
    fn a_server_that_answers_nothing_is_not_called_good() {
        let counts = Counts { operations: 500, unknown: 500, ..Counts::default() };
        assert!(shortcomings(&plan(false), &counts, &[]).len() >= 5);
    }

    #[test]
    fn faults_that_did_not_come_are_named() {
        let lacks = shortcomings(&plan(true), &enough(), &[]);
        assert_eq!(lacks, ["no KillMessaging", "no TerminateMessaging", "no FreezeMessaging"]);
    }
}
