//! A page of fifty messages from anywhere in a long history, and whether its time grows with the history.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use confab_contract::ConversationId;
use confab_contract::envelope::Reply;
use confab_contract::rest::messages::SentMessage;
use hdrhistogram::Histogram;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use tokio::task::JoinSet;

use super::Scale;
use super::crowd::sign_up;
use super::figure::{Figure, Goal, Spent};
use super::http::Http;
use super::sends::{send, small_groups};
use super::start::as_f64;
use crate::client::Account;
use crate::harness::{Engine, Site, SiteOptions, Usage};

const CONVERSATIONS: usize = 1000;
const PEOPLE: usize = 100;
const BODY: usize = 100;
/// Of so many messages about one is remembered as a place to read from.
const REMEMBER: u32 = 50;
/// Readers at the same time.
const READERS: usize = 4;

/// A place in a history: who can read there, and from where backward.
#[derive(Clone)]
struct Place {
    reader: Account,
    conversation: ConversationId,
    before: String,
}

pub async fn measure(engine: Engine, scale: &Scale) -> Result<Vec<Figure>> {
    let total: usize = scale.pick(1_000_000, 100_000);
    let site = Site::laptop(engine, &SiteOptions::default(), scale.logs()).await?;
    let people = Arc::new(sign_up(site.messaging[0], "reader", PEOPLE).await?);
    let groups = Arc::new(small_groups(site.messaging[0], &people, CONVERSATIONS).await?);
    let early = fill(&site, &people, &groups, total / 10).await?;
    let (short, _) = read(&site, early.clone(), scale).await?;
    let mut places = early;
    places.extend(fill(&site, &people, &groups, total - total / 10).await?);
    let (long, spent) = read(&site, places, scale).await?;
    let millis = |histogram: &Histogram<u64>, quantile| as_f64(histogram.value_at_quantile(quantile)) / 1000.0;
    let growth = millis(&long, 0.5) / millis(&short, 0.5).max(0.001);
    let name = engine.name();
    let what = format!("page of 50 from {total} messages in 1,000 conversations, {name}, p99");
    let note = format!("p50 {:.1} ms, {} pages by {READERS} readers; {spent}", millis(&long, 0.5), long.len());
    let flat = format!("the same page with a tenth of the history: p50 {:.1} ms", millis(&short, 0.5));
    Ok(vec![
        Figure::new(what, millis(&long, 0.99), "ms", Goal::Below(10.0)).note(note),
        Figure::new(format!("page time, whole history against a tenth of it, {name}"), growth, "×", Goal::Below(1.5))
            .note(flat),
    ])
}

/// Sends messages to all conversations in turn, everybody at once; remembers places to read from.
async fn fill(
    site: &Site,
    people: &Arc<Vec<Account>>,
    groups: &Arc<Vec<Vec<ConversationId>>>,
    count: usize,
) -> Result<Vec<Place>> {
    let mut tasks: JoinSet<Result<Vec<Place>>> = JoinSet::new();
    for person in 0..PEOPLE {
        let (people, groups, address) = (Arc::clone(people), Arc::clone(groups), site.messaging[0]);
        tasks.spawn(async move {
            let mut http = Http::connect(address).await?;
            let (run, mut places) = (rand::random::<u64>(), Vec::new());
            let mut rng = StdRng::seed_from_u64(person as u64);
            for number in 0..count / PEOPLE {
                let conversation = groups[person][number % groups[person].len()];
                let reply = send(&mut http, &people[person], conversation, &format!("{run:x}-{number}"), BODY).await?;
                if rng.random_ratio(1, REMEMBER) {
                    let sent: Reply<SentMessage> = serde_json::from_slice(reply)?;
                    let before = sent.data.message_id.to_string();
                    places.push(Place { reader: people[person].clone(), conversation, before });
                }
            }
            Ok(places)
        });
    }
    let mut places = Vec::new();
    while let Some(more) = tasks.join_next().await {
        places.extend(more.context("a sender panicked")??);
    }
    Ok(places)
}

async fn read(site: &Site, places: Vec<Place>, scale: &Scale) -> Result<(Histogram<u64>, Spent)> {
    let server = &site.servers[0].1;
    let (places, time, address) = (Arc::new(places), scale.time(), site.messaging[0]);
    let (before, begin) = ((server.usage()?, Usage::own()?), Instant::now());
    let mut tasks: JoinSet<Result<Histogram<u64>>> = JoinSet::new();
    for number in 0..READERS {
        let places = Arc::clone(&places);
        tasks.spawn(async move {
            let mut http = Http::connect(address).await?;
            let mut rng = StdRng::seed_from_u64(number as u64);
            let mut latencies = Histogram::new(3)?;
            while begin.elapsed() < time {
                let place = places.choose(&mut rng).context("nothing to read")?;
                let path = format!("conversations/{}/messages?limit=50&before={}", place.conversation, place.before);
                let asked = Instant::now();
                let (status, _) = http.get(&path, &place.reader.token).await?;
                ensure!(status == 200, "a page got {status}");
                latencies.record(u64::try_from(asked.elapsed().as_micros())?)?;
            }
            Ok(latencies)
        });
    }
    let mut latencies = Histogram::new(3)?;
    while let Some(one) = tasks.join_next().await {
        latencies.add(one.context("a reader panicked")??)?;
    }
    Ok((latencies, Spent::between(before, (server.usage()?, Usage::own()?), begin.elapsed())))
}
