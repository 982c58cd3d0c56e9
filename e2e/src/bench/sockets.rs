//! Memory of an authenticated socket: idle, and after a day's traffic.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::task::JoinSet;

use super::Scale;
use super::crowd::{Crowd, GROUP};
use super::figure::{Figure, Goal, Spent};
use super::http::Http;
use super::pipe::Pipe;
use super::sends::send;
use super::start::as_f64;
use crate::harness::Usage;

const KIB: f64 = 1024.0;
/// Handshakes at the same time.
const AT_ONCE: usize = 100;
/// Messages that each socket gets in a day, from short to long.
const DAY: usize = 200;
/// Which of them is the longest.
const LONGEST_AT: usize = DAY / 2;
/// Sizes of a day's messages before base64: one in twenty is long, and one in all is as long as most tenants allow.
const SHORT: usize = 150;
const LONG: usize = 3000;
const LONGEST: usize = 32 * 1024;
/// Time for the server to come to rest.
const REST: Duration = Duration::from_secs(3);

pub async fn measure(crowd: &mut Crowd, scale: &Scale) -> Result<Vec<Figure>> {
    crowd.restart().await?;
    let count = scale.pick(10_000, 2000);
    let (before, own, begin) = (crowd.server().usage()?, Usage::own()?, Instant::now());
    let delivered = Arc::new(AtomicU64::new(0));
    let mut sockets = open(crowd, count, &delivered).await?;
    let opened = begin.elapsed();
    tokio::time::sleep(REST).await;
    let idle = crowd.server().usage()?.rss;
    day(crowd, count, &delivered).await?;
    tokio::time::sleep(REST).await;
    let (after, own_after, wall) = (crowd.server().usage()?, Usage::own()?, begin.elapsed());
    let spent = Spent::between((before, own), (after, own_after), wall);
    ensure!(sockets.try_join_next().is_none(), "a socket was closed meanwhile");
    let each = |now: u64| as_f64(now.saturating_sub(before.rss)) / as_f64(count as u64) / KIB;
    let what = |when| format!("authenticated socket, {count} of them, {when}");
    let deliveries = delivered.load(Ordering::Relaxed);
    Ok(vec![
        Figure::new(what("idle"), each(idle), "KiB of RSS", Goal::Below(6.0)).note(format!(
            "{} people; opened in {:.1} s",
            crowd.people.len(),
            opened.as_secs_f64()
        )),
        Figure::new(what("after a day's traffic"), each(after.rss), "KiB of RSS", Goal::Below(10.0))
            .note(format!("{deliveries} deliveries of {SHORT} to {LONGEST} bytes, acknowledged now and then; {spent}")),
    ])
}

/// Opens sockets, many at a time; each counts and now and then acknowledges what it gets.
async fn open(crowd: &Crowd, count: usize, delivered: &Arc<AtomicU64>) -> Result<JoinSet<()>> {
    let (people, address) = (&crowd.people, crowd.address());
    let mut sockets = JoinSet::new();
    let mut opening: JoinSet<Result<(Pipe, usize)>> = JoinSet::new();
    for number in 0..count {
        let person = number % people.len();
        let token = Arc::clone(&people[person].token);
        opening.spawn(async move {
            let mut pipe = Pipe::open(address, &token, None).await?;
            pipe.next().await?;
            Ok((pipe, person))
        });
        while opening.len() >= AT_ONCE || (number + 1 == count && !opening.is_empty()) {
            let Some(opened) = opening.join_next().await else { break };
            let (mut pipe, person) = opened.context("a handshake panicked")??;
            let (delivered, group) = (Arc::clone(delivered), crowd.groups[person / GROUP]);
            sockets.spawn(async move {
                let mut got = 0_usize;
                while let Ok(frame) = pipe.next().await {
                    // Receipts come too, and count for nothing here.
                    let Some(seq) = seq_of(frame) else { continue };
                    delivered.fetch_add(1, Ordering::Relaxed);
                    got += 1;
                    if got.is_multiple_of(50) {
                        let ack = format!(r#"{{"type":"ack","conversation_id":"{group}","seq":{seq}}}"#);
                        if pipe.send(&ack).await.is_err() {
                            return;
                        }
                    }
                }
            });
        }
    }
    Ok(sockets)
}

/// Everybody's group talks; waits until all of it has been delivered.
async fn day(crowd: &Crowd, sockets: usize, delivered: &Arc<AtomicU64>) -> Result<()> {
    let address = crowd.address();
    let mut senders: JoinSet<Result<()>> = JoinSet::new();
    let devices = sockets / crowd.people.len().max(1);
    for (number, group) in crowd.groups.iter().copied().enumerate() {
        let account = crowd.people[number * GROUP].clone();
        let (delivered, groups) = (Arc::clone(delivered), crowd.groups.len());
        senders.spawn(async move {
            let mut http = Http::connect(address).await?;
            let run: u64 = rand::random();
            for count in 0..DAY {
                // At most a few messages under way for each socket, as over a day.
                let owed = (count * groups * GROUP * devices) as u64;
                while delivered.load(Ordering::Relaxed) + (4 * sockets as u64) < owed {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                let bytes = match count {
                    LONGEST_AT => LONGEST,
                    _ if count % 20 == 19 => LONG,
                    _ => SHORT,
                };
                send(&mut http, &account, group, &format!("{run:x}-{count}"), bytes).await?;
            }
            Ok(())
        });
    }
    while let Some(sender) = senders.join_next().await {
        sender.context("a sender panicked")??;
    }
    let owed = (DAY * sockets) as u64;
    let begin = Instant::now();
    while delivered.load(Ordering::Relaxed) < owed {
        ensure!(begin.elapsed() < Duration::from_mins(1), "{delivered:?} of {owed} deliveries came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// The number behind `"seq":`.
pub fn seq_of(frame: &[u8]) -> Option<u64> {
    const MARK: &[u8] = b"\"seq\":";
    let place = frame.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
    let digits = frame[place..].split(|byte| !byte.is_ascii_digit()).next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}
