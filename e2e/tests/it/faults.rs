//! Nothing is lost, whatever fails.

use std::collections::BTreeSet;

use confab_e2e::faults::Kind;
use confab_e2e::harness::Layout;
use confab_e2e::run::{Report, run};

use super::{alone, plan, story};

/// Nothing is wrong, and enough has happened for that to mean something.
fn assert_good(report: &Report, layout: Layout) {
    assert!(report.folder.is_none(), "{}", story(report));
    let counts = report.counts;
    assert!(counts.acknowledged >= 300, "too little was done: {counts:?}");
    assert!(counts.deliveries >= 1000, "too little was delivered: {counts:?}");
    assert!(counts.connections >= 2 * 16, "subscribers hardly reconnected: {counts:?}");
    let kinds: BTreeSet<Kind> = report.faults.iter().map(|injected| injected.fault.kind).collect();
    let all: BTreeSet<Kind> = Kind::of(layout).iter().copied().collect();
    assert!(2 * kinds.len() >= all.len() && report.faults.len() >= 3, "too few faults: {kinds:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_laptop_loses_nothing_when_it_is_killed_frozen_and_restarted() {
    let _alone = alone().await;
    let report = run(&plan(Layout::Laptop, 101)).await.unwrap();
    assert_good(&report, Layout::Laptop);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_loses_nothing_when_any_of_its_parts_fails() {
    let _alone = alone().await;
    let report = run(&plan(Layout::Cluster, 202)).await.unwrap();
    assert_good(&report, Layout::Cluster);
}
