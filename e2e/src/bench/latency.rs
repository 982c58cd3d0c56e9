//! From send to delivered on another socket, at a rate that does not wait for replies.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use hdrhistogram::Histogram;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Scale;
use super::crowd::sign_up;
use super::figure::{Figure, Goal, Spent};
use super::http::Http;
use super::pipe::Pipe;
use super::sends::{send, small_groups};
use super::start::as_f64;
use crate::harness::{Layout, Site, SiteOptions, Usage};

/// Conversations, each with a sender and a receiver of its own.
const PAIRS: usize = 50;
/// Messages per second of each.
const EACH: u32 = 20;
const BODY: usize = 200;
/// Names a message by the moment at which it was to be sent, in microseconds.
const MARK: &[u8] = b"\"temp_id\":\"";

pub async fn measure(layout: Layout, scale: &Scale) -> Result<Vec<Figure>> {
    let site = Site::start(layout, &SiteOptions::default(), scale.logs()).await?;
    let people = Arc::new(sign_up(site.messaging[0], "pair", PAIRS).await?);
    let places = small_groups(site.messaging[0], &people, PAIRS).await?;
    let count = usize::try_from(EACH)? * scale.pick(20, 5);
    let start = Instant::now();
    let (times, mut delivered) = mpsc::channel(1024);
    for number in 0..PAIRS {
        // The other member of the conversation of `number`.
        let receiver = &people[(number + 1) % PAIRS];
        let mut pipe = Pipe::open(site.presence[number % site.presence.len()], &receiver.token, None).await?;
        pipe.next().await?;
        let (times, own) = (times.clone(), places[number][0].to_string());
        tokio::spawn(async move {
            while let Ok(frame) = pipe.next().await {
                let now = start.elapsed();
                // A receiver also sends, in the next conversation, and gets those events too.
                if let Some(due) = due(frame).filter(|_| contains(frame, own.as_bytes()))
                    && times.send(now.saturating_sub(due)).await.is_err()
                {
                    return;
                }
            }
        });
    }
    drop(times);
    let before = (site.usage()?, Usage::own()?);
    let mut senders: JoinSet<Result<()>> = JoinSet::new();
    for (number, places) in places.into_iter().enumerate() {
        let (people, place) = (Arc::clone(&people), places[0]);
        let address = site.messaging[number % site.messaging.len()];
        senders.spawn(async move {
            let mut http = Http::connect(address).await?;
            let first = start.elapsed() + Duration::from_secs(1) + Duration::from_millis(number as u64);
            for turn in 0..count {
                let due = first + Duration::from_secs(1) / EACH * u32::try_from(turn)?;
                tokio::time::sleep(due.saturating_sub(start.elapsed())).await;
                // Late or not, the clock of this message began when it was due.
                send(&mut http, &people[number], place, &due.as_micros().to_string(), BODY).await?;
            }
            Ok(())
        });
    }
    let mut latencies = Histogram::<u64>::new(3)?;
    for _ in 0..PAIRS * count {
        let next = tokio::time::timeout(Duration::from_secs(20), delivered.recv()).await;
        let latency = next.context("a message was not delivered")?.context("all receivers are gone")?;
        latencies.record(u64::try_from(latency.as_micros())?)?;
    }
    while let Some(sender) = senders.join_next().await {
        sender.context("a sender panicked")??;
    }
    let spent = Spent::between(before, (site.usage()?, Usage::own()?), start.elapsed());
    let millis = |quantile| as_f64(latencies.value_at_quantile(quantile)) / 1000.0;
    let note =
        format!("p50 {:.1} ms, p99.9 {:.1} ms, {} messages; {spent}", millis(0.5), millis(0.999), latencies.len());
    let place = match layout {
        Layout::Laptop => "one process",
        Layout::Cluster => "four processes",
    };
    let what = format!("send → delivered on another socket, 1,000/s, {place}, p99");
    Ok(vec![Figure::new(what, millis(0.99), "ms", Goal::Below(50.0)).note(note)])
}

/// When the message of a frame was to be sent.
fn due(frame: &[u8]) -> Option<Duration> {
    let place = frame.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
    let digits = frame[place..].split(|byte| !byte.is_ascii_digit()).next()?;
    std::str::from_utf8(digits).ok()?.parse().ok().map(Duration::from_micros)
}

fn contains(frame: &[u8], text: &[u8]) -> bool {
    frame.windows(text.len()).any(|window| window == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_tells_when_its_message_was_due() {
        assert_eq!(due(br#"{"x":1,"temp_id":"1500","y":2}"#), Some(Duration::from_micros(1500)));
        assert_eq!(due(br#"{"type":"pong"}"#), None);
    }
}
