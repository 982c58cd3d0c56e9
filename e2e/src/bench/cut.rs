//! Thousands of sockets cut at once by kill -9: until all have resumed, and nobody missed anything.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Scale;
use super::crowd::{Crowd, GROUP};
use super::figure::{Figure, Goal, Spent};
use super::pipe::Pipe;
use crate::client::api::{Api, Outgoing};
use crate::client::backoff::Backoff;
use crate::harness::Usage;

/// Messages sent all the while, one after the other, to all groups in turn.
const PAUSE: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_mins(1);

pub async fn measure(crowd: &mut Crowd, scale: &Scale) -> Result<Vec<Figure>> {
    crowd.restart().await?;
    let count = scale.pick(5000, 1000);
    let (address, ready, resumed) = (crowd.address(), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (goal, watch) = watch::channel(None);
    let mut devices: JoinSet<Result<()>> = JoinSet::new();
    for number in 0..count {
        let person = number % crowd.people.len();
        let device = Device {
            address,
            token: Arc::clone(&crowd.people[person].token),
            group: crowd.groups[person / GROUP].to_string(),
            last: None,
            cursor: None,
            rng: StdRng::seed_from_u64(number as u64),
            ready: Arc::clone(&ready),
            resumed: Arc::clone(&resumed),
        };
        devices.spawn(device.run(watch.clone()));
        if number % 100 == 99 {
            wait_for(&ready, number as u64 + 1, &mut devices).await?;
        }
    }
    wait_for(&ready, count as u64, &mut devices).await?;
    let talk = tokio::spawn(talk(address, crowd.people.clone(), crowd.groups.clone(), goal.subscribe()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begin = Instant::now();
    crowd.server().kill().await?;
    crowd.server().start().await?;
    let back = begin.elapsed();
    let (before, own) = (crowd.server().usage()?, Usage::own()?);
    wait_for(&resumed, count as u64, &mut devices).await?;
    let took = begin.elapsed();
    let spent = Spent::between((before, own), (crowd.server().usage()?, Usage::own()?), took.saturating_sub(back));
    let goals = finish_talk(crowd, &goal, talk).await?;
    goal.send_replace(Some(Goals::Until(Arc::new(goals))));
    // Each device ends well only when it has every event up to the last, without a gap.
    while let Some(device) = devices.join_next().await {
        device.context("a device panicked")??;
    }
    let what = format!("{count} sockets cut at once: all resumed");
    let back = back.as_secs_f64();
    let note = format!("kill -9; the server was back after {back:.1} s; no gap, no repetition; then {spent}");
    Ok(vec![Figure::new(what, took.as_secs_f64(), "s", Goal::Below(10.0)).note(note)])
}

/// What devices wait for.
#[derive(Debug, Clone)]
enum Goals {
    /// No more messages are sent.
    Silence,
    /// The last `seq` of each group.
    Until(Arc<BTreeMap<String, u64>>),
}

async fn finish_talk(
    crowd: &Crowd,
    goal: &watch::Sender<Option<Goals>>,
    talk: tokio::task::JoinHandle<()>,
) -> Result<BTreeMap<String, u64>> {
    goal.send_replace(Some(Goals::Silence));
    talk.await.context("the talk panicked")?;
    let api = Api::new(format!("http://{}", crowd.address()), PATIENCE)?;
    let mut goals = BTreeMap::new();
    for (number, group) in crowd.groups.iter().enumerate() {
        let state = api.conversation(&crowd.people[number * GROUP], *group).await?.context("a member sees it")?;
        goals.insert(group.to_string(), state.last_seq);
    }
    Ok(goals)
}

/// Talks in all groups until told to be silent; a failure is tried again with the same `temp_id`.
async fn talk(
    address: SocketAddr,
    people: Vec<crate::client::Account>,
    groups: Vec<confab_contract::ConversationId>,
    goal: watch::Receiver<Option<Goals>>,
) {
    let Ok(api) = Api::new(format!("http://{address}"), Duration::from_secs(5)) else { return };
    let run: u64 = rand::random();
    for (count, (number, group)) in groups.iter().enumerate().cycle().enumerate() {
        let temp_id = format!("{run:x}-{count}");
        let message = Outgoing { content: "aGVsbG8sIGV2ZXJ5Ym9keQ==", temp_id: Some(&temp_id), reply_to: None };
        while api.send(&people[number * GROUP], *group, &message).await.is_err() {
            tokio::time::sleep(PAUSE).await;
        }
        if goal.borrow().is_some() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn wait_for(counter: &AtomicU64, count: u64, devices: &mut JoinSet<Result<()>>) -> Result<()> {
    let begin = Instant::now();
    while counter.load(Ordering::Relaxed) < count {
        if let Some(ended) = devices.try_join_next() {
            ended.context("a device panicked")??;
        }
        ensure!(begin.elapsed() < PATIENCE, "{counter:?} of {count} devices are there");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

struct Device {
    address: SocketAddr,
    token: Arc<str>,
    group: String,
    last: Option<u64>,
    cursor: Option<String>,
    rng: StdRng,
    ready: Arc<AtomicU64>,
    resumed: Arc<AtomicU64>,
}

/// The part of a frame that a device needs.
#[derive(Deserialize)]
struct Light<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    conversation_id: Option<&'a str>,
    seq: Option<u64>,
    cursor: Option<String>,
}

impl Device {
    async fn run(mut self, mut goal: watch::Receiver<Option<Goals>>) -> Result<()> {
        let mut backoff = Backoff::default();
        loop {
            let resume = self.cursor.as_ref().map(|cursor| {
                let named: BTreeMap<&str, u64> = self.last.iter().map(|last| (self.group.as_str(), *last)).collect();
                json!({ "type": "resume", "cursor": cursor, "conversations": named }).to_string()
            });
            if let Ok(mut pipe) = Pipe::open(self.address, &self.token, resume.as_deref()).await {
                backoff = Backoff::default();
                if self.listen(&mut pipe, &mut goal).await? {
                    return Ok(());
                }
            }
            tokio::time::sleep(backoff.next_pause(&mut self.rng)).await;
        }
    }

    /// `true` when everything has come, `false` when the connection was cut; an error when something is amiss.
    async fn listen(&mut self, pipe: &mut Pipe, goal: &mut watch::Receiver<Option<Goals>>) -> Result<bool> {
        loop {
            if let Some(Goals::Until(goals)) = &*goal.borrow_and_update()
                && goals.get(&self.group).copied() <= self.last
            {
                return Ok(true);
            }
            let frame = tokio::select! {
                frame = pipe.next() => frame,
                _ = goal.changed() => continue,
            };
            let Ok(frame) = frame else { return Ok(false) };
            let light: Light<'_> = serde_json::from_slice(frame).context("a malformed frame")?;
            match (light.kind, light.seq) {
                ("auth_success", _) if self.cursor.is_none() => {
                    self.cursor = light.cursor;
                    self.ready.fetch_add(1, Ordering::Relaxed);
                }
                ("resumed", _) => {
                    self.cursor = light.cursor;
                    self.resumed.fetch_add(1, Ordering::Relaxed);
                }
                ("resync_required" | "error", _) => bail!("got {}", String::from_utf8_lossy(frame)),
                (_, Some(seq)) if light.conversation_id == Some(&self.group) => {
                    ensure!(self.last.is_none_or(|last| seq == last + 1), "got {seq} after {:?}", self.last);
                    self.last = Some(seq);
                }
                _ => {}
            }
        }
    }
}
