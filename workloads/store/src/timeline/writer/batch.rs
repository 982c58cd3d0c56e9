//! One batch: one transaction, or one for each message when it fails.

use std::collections::{BTreeSet, HashMap};

use super::job::Job;
use super::plan::{self, Plan, Stored};
use super::statements;
use crate::changes::{self, Lane};
use crate::engine::{Connection, Pools};
use crate::sabotage::Sabotage;
use crate::{Refusal, StoreError};

/// How often a batch is repeated that was undone because another transaction stood in its way.
const CONFLICTS: u32 = 3;

/// After so many messages of this process the planner is told what is in the tables. Later Postgres does it in time.
const MILESTONES: [usize; 4] = [50, 500, 5_000, 50_000];

/// Stores batches, all in one lane.
#[derive(Debug)]
pub(super) struct Batches {
    pools: Pools,
    lane: Lane,
    /// Messages stored so far.
    stored: usize,
}

type Verdicts = Vec<Result<Stored, Refusal>>;

impl Batches {
    pub(super) const fn new(pools: Pools, lane: Lane) -> Self {
        Self { pools, lane, stored: 0 }
    }

    /// Stores a batch and answers everybody in it. An error means that the database is away; they know it already.
    pub(super) async fn store(&mut self, jobs: Vec<Job>) -> Result<(), StoreError> {
        if Sabotage::AckBeforeCommit.is_on() {
            return self.store_faithlessly(jobs).await;
        }
        match self.try_often(&jobs).await {
            Ok(verdicts) => {
                answer(jobs, verdicts);
                Ok(())
            }
            Err(error) if error.is_unavailable() => {
                fail(jobs, &error);
                Err(error)
            }
            Err(error) if jobs.len() == 1 => {
                fail(jobs, &error);
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, messages = jobs.len(), "a batch failed; storing its messages one by one");
                self.store_singly(jobs).await
            }
        }
    }

    /// Only the guilty fail.
    async fn store_singly(&mut self, jobs: Vec<Job>) -> Result<(), StoreError> {
        let mut jobs = jobs.into_iter();
        while let Some(job) = jobs.next() {
            match self.try_often(std::slice::from_ref(&job)).await {
                Ok(verdicts) => answer(vec![job], verdicts),
                Err(error) if error.is_unavailable() => {
                    fail([job].into_iter().chain(jobs), &error);
                    return Err(error);
                }
                Err(error) => fail([job], &error),
            }
        }
        Ok(())
    }

    async fn try_often(&mut self, jobs: &[Job]) -> Result<Verdicts, StoreError> {
        let mut repeated = 0;
        loop {
            match self.try_once(jobs).await {
                Err(error) if error.is_conflict() && repeated < CONFLICTS => repeated += 1,
                result => return result,
            }
        }
    }

    async fn try_once(&mut self, jobs: &[Job]) -> Result<Verdicts, StoreError> {
        let (transaction, plan) = self.prepare(jobs).await?;
        if !plan.advances.is_empty() {
            transaction.commit().await?;
            self.count(jobs.len());
        }
        Ok(plan.verdicts)
    }

    /// A new database fills faster than Postgres looks at it by itself.
    fn count(&mut self, messages: usize) {
        let before = self.stored;
        self.stored = before.saturating_add(messages);
        if MILESTONES.iter().any(|milestone| (before..self.stored).contains(milestone)) {
            let pools = self.pools.clone();
            tokio::spawn(async move {
                if let Err(error) = pools.analyze().await {
                    tracing::debug!(%error, "the planner's statistics were not renewed");
                }
            });
        }
    }

    /// Everything but COMMIT.
    async fn prepare(&mut self, jobs: &[Job]) -> Result<(Connection, Plan), StoreError> {
        let mut transaction = self.pools.begin_batch().await?;
        statements::lock_conversations(&mut transaction, jobs).await?;
        let (facts, last_seqs) = statements::facts(&mut transaction, jobs).await?;
        let plan = plan::plan(jobs, last_seqs, &facts);
        if !plan.advances.is_empty() {
            let tenants: BTreeSet<_> = plan.advances.keys().map(|(tenant, _)| tenant).collect();
            let marks = changes::bump_all(&mut transaction, tenants, self.lane).await?;
            let marks: HashMap<_, _> = marks.into_iter().collect();
            statements::advance(&mut transaction, &plan.advances, &marks).await?;
            statements::insert(&mut transaction, jobs, &plan.verdicts, &marks).await?;
        }
        Ok((transaction, plan))
    }

    /// What [`Sabotage::AckBeforeCommit`] does instead of [`Self::store`].
    async fn store_faithlessly(&mut self, jobs: Vec<Job>) -> Result<(), StoreError> {
        match self.prepare(&jobs).await {
            Ok((transaction, plan)) => {
                answer(jobs, plan.verdicts);
                if Sabotage::AckBeforeCommit.strikes() { Ok(()) } else { transaction.commit().await }
            }
            Err(error) => {
                fail(jobs, &error);
                Err(error)
            }
        }
    }
}

fn answer(jobs: Vec<Job>, mut verdicts: Verdicts) {
    if Sabotage::SwapSeq.is_on() {
        swap_two(&jobs, &mut verdicts);
    }
    for (job, verdict) in jobs.into_iter().zip(verdicts) {
        job.answer_stored(verdict);
    }
}

fn fail(jobs: impl IntoIterator<Item = Job>, error: &StoreError) {
    for job in jobs {
        job.answer(Err(error.clone().into()));
    }
}

/// What [`Sabotage::SwapSeq`] does to the answers.
fn swap_two(jobs: &[Job], verdicts: &mut Verdicts) {
    let is_new = |verdict: &Result<Stored, Refusal>| matches!(verdict, Ok(Stored::Now { .. }));
    for second in 1..verdicts.len() {
        let same_place = jobs[second - 1].conversation() == jobs[second].conversation();
        let both_new = is_new(&verdicts[second - 1]) && is_new(&verdicts[second]);
        if same_place && both_new && Sabotage::SwapSeq.strikes() {
            verdicts.swap(second - 1, second);
            return;
        }
    }
}
