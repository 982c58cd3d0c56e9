//! Deliveries to groups of a hundred online members, per second of the server's processor time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::task::JoinSet;

use super::Scale;
use super::crowd::{Crowd, GROUP};
use super::figure::{Figure, Goal, Spent};
use super::http::Http;
use super::pipe::Pipe;
use super::sends::send;
use super::sockets::seq_of;
use super::start::as_f64;
use crate::harness::Usage;

/// 256 bytes of base64.
const BODY: usize = 192;
/// Members of a group who talk at the same time.
const SENDERS: usize = 5;
/// Deliveries under way for each socket: enough for the server to be busy, too few for a queue to overflow.
const UNDER_WAY: u64 = 16;

pub async fn measure(crowd: &mut Crowd, scale: &Scale) -> Result<Vec<Figure>> {
    crowd.restart().await?;
    let address = crowd.address();
    let delivered = Arc::new(AtomicU64::new(0));
    let mut readers: JoinSet<()> = JoinSet::new();
    for account in &crowd.people {
        let mut pipe = Pipe::open(address, &account.token, None).await?;
        pipe.next().await?;
        let delivered = Arc::clone(&delivered);
        readers.spawn(async move {
            while let Ok(frame) = pipe.next().await {
                delivered.fetch_add(u64::from(seq_of(frame).is_some()), Ordering::Relaxed);
            }
        });
    }
    let (sent, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let limit = UNDER_WAY * crowd.people.len() as u64;
    let mut senders: JoinSet<Result<()>> = JoinSet::new();
    let groups = crowd.groups.iter().copied().enumerate();
    for (number, group) in
        groups.flat_map(|(number, group)| (0..SENDERS).map(move |sender| (number * GROUP + sender, group)))
    {
        let (sent, stop, delivered) = (Arc::clone(&sent), Arc::clone(&stop), Arc::clone(&delivered));
        let account = crowd.people[number].clone();
        senders.spawn(async move {
            let mut http = Http::connect(address).await?;
            let (run, mut count) = (rand::random::<u64>(), 0_u64);
            while !stop.load(Ordering::Relaxed) {
                let owed = sent.load(Ordering::Relaxed) * GROUP as u64;
                if owed.saturating_sub(delivered.load(Ordering::Relaxed)) > limit {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    continue;
                }
                sent.fetch_add(1, Ordering::Relaxed);
                send(&mut http, &account, group, &format!("{run:x}-{count}"), BODY).await?;
                count += 1;
            }
            Ok(())
        });
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let server = crowd.server();
    let (before, from, begin) = ((server.usage()?, Usage::own()?), delivered.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(scale.time()).await;
    let (after, to, wall) = ((server.usage()?, Usage::own()?), delivered.load(Ordering::Relaxed), begin.elapsed());
    stop.store(true, Ordering::Relaxed);
    while let Some(sender) = senders.join_next().await {
        sender.context("a sender panicked")??;
    }
    ensure!(readers.try_join_next().is_none(), "a socket was closed");
    let usage = Spent::between(before, after, wall);
    let deliveries = as_f64(to - from);
    let per_core = deliveries / usage.server_seconds().max(0.001);
    let per_second = deliveries / wall.as_secs_f64();
    let what = format!("fan-out to groups of 100 online members, {} sockets", crowd.people.len());
    Ok(vec![
        Figure::new(what, per_core, "/s per core", Goal::AtLeast(150_000.0))
            .note(format!("{per_second:.0}/s by the clock, the sends included; {SENDERS} talk in each group; {usage}")),
    ])
}
