//! The checker is worth something only if it goes red: each built-in fault must be found, for the right reason.

use std::collections::BTreeMap;
use std::time::Duration;

use confab_e2e::checker::Rule;
use confab_e2e::driver::Load;
use confab_e2e::harness::{Layout, SiteOptions};
use confab_e2e::run::{Plan, Report, run};

use super::{alone, plan};

/// Each of the faults strikes several times a second under load.
const TIME: Duration = Duration::from_secs(4);

/// Plays a short run against a server with one fault built in; it must break a promise that this fault breaks.
async fn assert_caught(sabotage: &str, load: Load, expected: &[Rule]) {
    let _alone = alone().await;
    let options = SiteOptions::sabotaged(sabotage);
    let plan = Plan { time: TIME, faults: false, load, options, ..plan(Layout::Laptop, 303) };
    let report = run(&plan).await.unwrap();
    eprintln!("{sabotage}: {:?}", counts_by_rule(&report));
    let found: Vec<String> = report.problems.iter().take(10).map(ToString::to_string).collect();
    assert!(report.problems.iter().any(|problem| expected.contains(&problem.rule)), "{sabotage}: {found:?}");
    // It went wrong on purpose, so nobody needs the traces.
    if let Some(folder) = report.folder {
        std::fs::remove_dir_all(folder).unwrap();
    }
}

/// How often each promise was broken.
fn counts_by_rule(report: &Report) -> BTreeMap<Rule, usize> {
    let mut counts = BTreeMap::new();
    for problem in &report.problems {
        *counts.entry(problem.rule).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledging_before_the_commit_is_caught() {
    assert_caught("ack-before-commit", Load::SMALL, &[Rule::AcknowledgedLost, Rule::AcknowledgedDiffers]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn skipping_the_duplicate_check_is_caught() {
    assert_caught("skip-duplicate-check", Load::SMALL, &[Rule::StoredTwice, Rule::RetryDiffers]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_a_frame_from_the_fan_out_is_caught() {
    assert_caught("drop-fan-out", Load::SMALL, &[Rule::FrameMissing]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn swapping_two_seq_is_caught() {
    let rules = [Rule::AcknowledgedDiffers, Rule::FrameDiffers, Rule::RealTimeOrder, Rule::FrameRepeated];
    assert_caught("swap-seq", Load::CROWDED, &rules).await;
}
