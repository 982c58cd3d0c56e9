//! A whole run: a site, a load, faults, quiet, the reading of everything, and the verdict.

mod collect;
mod floor;
mod folder;
mod quiet;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::checker::{self, Problem};
use crate::driver::{Cast, Followers, Journal, Load, Senders, Subscribers, apis};
use crate::faults::{self, Injected, Schedule};
use crate::harness::{Layout, Site, SiteOptions};
use crate::record::{Action, Evidence, Intent, Outcome, Sight};
pub use folder::{RunFolder, recheck};

/// What a run is to be.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where.
    pub layout: Layout,
    /// Decides plans and faults.
    pub seed: u64,
    /// How long the load lasts.
    pub time: Duration,
    /// Whether anything breaks.
    pub faults: bool,
    /// How much load.
    pub load: Load,
    /// How to start the site.
    pub options: SiteOptions,
}

/// What came of a run.
#[derive(Debug)]
pub struct Report {
    /// What is wrong; empty for a good run.
    pub problems: Vec<Problem>,
    /// Lines of the logs that tell of a panic.
    pub panics: Vec<String>,
    /// What the run did too little of for its verdict to mean something.
    pub lacks: Vec<String>,
    /// What happened to the site.
    pub faults: Vec<Injected>,
    /// How much was done.
    pub counts: Counts,
    /// Where everything lies; only when something is wrong.
    pub folder: Option<PathBuf>,
}

/// How much was done in a run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Operations asked for, acknowledgements over sockets included.
    pub operations: usize,
    /// Acknowledged ones.
    pub acknowledged: usize,
    /// Definitely refused ones.
    pub refused: usize,
    /// Those whose outcome is not known, acknowledgements over sockets left out.
    pub unknown: usize,
    /// Acknowledged attempts to send.
    pub sends: usize,
    /// Acknowledged attempts that came after another of the same message.
    pub repeats: usize,
    /// Other bodies under a used `temp_id`, refused.
    pub conflicts: usize,
    /// Events that subscribers got.
    pub deliveries: usize,
    /// Those of them that were replayed after a reconnect.
    pub replayed: usize,
    /// Connections of subscribers.
    pub connections: usize,
}

/// Starts a site, plays one round on it, and ends it.
pub async fn run(plan: &Plan) -> Result<Report> {
    let folder = RunFolder::create(plan)?;
    let started = Site::start(plan.layout, &plan.options, folder.path()).await;
    let mut site = started.with_context(|| format!("no site; its logs are in {}", folder.path().display()))?;
    round(&mut site, plan, &folder).await
}

/// One round on a site: new people and conversations each time.
pub async fn round(site: &mut Site, plan: &Plan, folder: &RunFolder) -> Result<Report> {
    folder.begin_round();
    let journal = Arc::new(Journal::default());
    let (evidence, faults) = match play(site, plan, &journal).await {
        Ok(played) => played,
        Err(error) => {
            let known = Evidence { operations: journal.operations(), ..Evidence::default() };
            folder.keep(plan, &known, &[format!("the run broke off: {error:#}")], &[], &site.other_logs())?;
            return Err(error.context(format!("the run broke off; see {}", folder.path().display())));
        }
    };
    let problems = checker::check(&evidence);
    let panics = folder.panics();
    let counts = count(&evidence);
    let lacks = floor::shortcomings(plan, &counts, &faults);
    let failed = !problems.is_empty() || !panics.is_empty() || !lacks.is_empty();
    if failed {
        let verdict: Vec<String> = problems
            .iter()
            .map(ToString::to_string)
            .chain(panics.iter().cloned())
            .chain(lacks.iter().cloned())
            .collect();
        folder.keep(plan, &evidence, &verdict, &faults, &site.other_logs())?;
    } else {
        folder.discard();
    }
    let folder = failed.then(|| folder.path().to_owned());
    Ok(Report { problems, panics, lacks, faults, counts, folder })
}

async fn play(site: &mut Site, plan: &Plan, journal: &Arc<Journal>) -> Result<(Evidence, Vec<Injected>)> {
    let (load, seed) = (plan.load, plan.seed);
    let apis = apis(&site.messaging)?;
    let first = apis.first().context("a site has a REST process")?;
    let cast = Cast::assemble(first, &seed.to_string(), load).await?;
    let devices = Subscribers::start(&cast, &apis, &site.presence, journal, seed, load.devices).await;
    let mut subscribers = devices.context("subscribers cannot connect")?;
    let followers = Followers::start(&cast, &apis, seed);
    let senders = Senders::start(&cast, &apis, journal, seed, load.pause_millis);
    let faults = if plan.faults {
        faults::inject(site, Schedule::new(plan.layout, seed), plan.time).await?
    } else {
        tokio::time::sleep(plan.time).await;
        Vec::new()
    };
    senders.finish().await;
    site.wait_ready().await?;
    let targets = quiet::wait(&cast, first).await?;
    subscribers.catch_up(targets, quiet::PATIENCE).await;
    quiet::wait_for_watermarks(&cast, &apis, &journal.operations()).await;
    let followers = followers.finish().await;
    let (histories, standings) = collect::collect(&cast, &apis).await?;
    let frames = subscribers.finish().await;
    let evidence = Evidence {
        conversations: cast.settings(),
        operations: journal.operations(),
        subscribers: frames,
        followers,
        histories,
        standings,
    };
    Ok((evidence, faults))
}

fn count(evidence: &Evidence) -> Counts {
    let mut counts = Counts { operations: evidence.operations.len(), ..Counts::default() };
    for operation in &evidence.operations {
        match &operation.outcome {
            Outcome::Ok { .. } => {
                counts.acknowledged += 1;
                if let Action::Send { intent, .. } = &operation.action {
                    counts.sends += 1;
                    counts.repeats += usize::from(matches!(intent, Intent::Retry | Intent::Repeat));
                }
            }
            Outcome::Refused { .. } => {
                counts.refused += 1;
                let is_other = matches!(&operation.action, Action::Send { intent: Intent::OtherBody, .. });
                counts.conflicts += usize::from(is_other);
            }
            Outcome::Unknown { .. } if !matches!(operation.action, Action::Ack { .. }) => counts.unknown += 1,
            Outcome::Unknown { .. } | Outcome::NotSent => {}
        }
    }
    for seen in evidence.subscribers.iter().flat_map(|subscriber| &subscriber.seen) {
        match seen.sight {
            Sight::Event { .. } => counts.deliveries += 1,
            Sight::Resumed { replayed } => counts.replayed += usize::try_from(replayed).unwrap_or(usize::MAX),
            Sight::Connected { .. } => counts.connections += 1,
            _ => {}
        }
    }
    counts
}
