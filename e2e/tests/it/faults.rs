//! Nothing is lost, whatever fails.

use confab_e2e::harness::Layout;
use confab_e2e::run::{Report, run};

use super::{alone, plan, story};

/// Nothing is wrong, and enough has happened for that to mean something: see `run/floor.rs`.
fn assert_good(report: &Report) {
    assert!(report.folder.is_none(), "{}", story(report));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_laptop_loses_nothing_when_it_is_killed_frozen_and_restarted() {
    let _alone = alone().await;
    let report = run(&plan(Layout::Laptop, 101)).await.unwrap();
    assert_good(&report);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_loses_nothing_when_any_of_its_parts_fails() {
    let _alone = alone().await;
    let report = run(&plan(Layout::Cluster, 202)).await.unwrap();
    assert_good(&report);
}
