//! Durable sends per second at 128 senders: spread over 1,000 conversations, and into one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use confab_contract::{ConversationId, UserId};
use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use super::Scale;
use super::crowd::sign_up;
use super::figure::{Figure, Goal, Spent};
use super::http::Http;
use super::start::as_f64;
use crate::client::Account;
use crate::client::api::Api;
use crate::harness::{Engine, Site, SiteOptions, Usage};

const SENDERS: usize = 128;
const CONVERSATIONS: usize = 1000;
/// Bytes of a message before base64.
const BODY: usize = 200;
const WARM_UP: Duration = Duration::from_secs(1);

pub async fn measure(engine: Engine, scale: &Scale) -> Result<Vec<Figure>> {
    let site = Site::laptop(engine, &SiteOptions::default(), scale.logs()).await?;
    let people = sign_up(site.messaging[0], "sender", SENDERS).await?;
    let spread = Arc::new(small_groups(site.messaging[0], &people, CONVERSATIONS).await?);
    let hot = one_group(site.messaging[0], &people).await?;
    let everywhere = rate(&site, &people, &spread, scale.time()).await?;
    let hot = Arc::new(vec![vec![hot]; SENDERS]);
    let in_one = rate(&site, &people, &hot, scale.time()).await?;
    let goal = match engine {
        Engine::Sqlite => 8000.0,
        Engine::Postgres => 6000.0,
    };
    let name = engine.name();
    Ok(vec![
        everywhere.figure(format!("durable sends, 128 senders, {name}, 1,000 conversations"), goal),
        in_one.figure(format!("durable sends, 128 senders, {name}, one hot conversation"), goal),
    ])
}

/// What a measurement of sends gives.
struct Rate {
    per_second: f64,
    latencies: Histogram<u64>,
    spent: Spent,
    sent: u64,
}

impl Rate {
    fn figure(&self, what: String, goal: f64) -> Figure {
        let micros = |quantile| as_f64(self.latencies.value_at_quantile(quantile)) / 1000.0;
        let each = self.spent.server_seconds() * 1e6 / as_f64(self.sent.max(1));
        Figure::new(what, self.per_second, "/s", Goal::AtLeast(goal)).note(format!(
            "p50 {:.1} ms, p99 {:.1} ms; {each:.0} µs of server CPU each, a database server not counted; {}",
            micros(0.5),
            micros(0.99),
            self.spent
        ))
    }
}

/// Every sender in a closed loop on a connection of its own.
async fn rate(site: &Site, people: &[Account], places: &Arc<Vec<Vec<ConversationId>>>, time: Duration) -> Result<Rate> {
    let server = &site.servers[0].1;
    let (measuring, stop) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let sent = Arc::new(AtomicU64::new(0));
    let mut tasks: JoinSet<Result<Histogram<u64>>> = JoinSet::new();
    for (number, account) in people.iter().cloned().enumerate() {
        let (measuring, stop, sent) = (Arc::clone(&measuring), Arc::clone(&stop), Arc::clone(&sent));
        let (places, address) = (Arc::clone(places), site.messaging[0]);
        tasks.spawn(async move {
            let mut http = Http::connect(address).await?;
            let mut latencies = Histogram::new(3)?;
            let mut count = 0_usize;
            let run: u64 = rand::random();
            while !stop.load(Ordering::Relaxed) {
                let place = places[number][count % places[number].len()];
                let begin = Instant::now();
                send(&mut http, &account, place, &format!("{run:x}-{count}"), BODY).await?;
                count += 1;
                if measuring.load(Ordering::Relaxed) {
                    sent.fetch_add(1, Ordering::Relaxed);
                    latencies.record(u64::try_from(begin.elapsed().as_micros())?)?;
                }
            }
            Ok(latencies)
        });
    }
    tokio::time::sleep(WARM_UP).await;
    let (before, begin) = ((server.usage()?, Usage::own()?), Instant::now());
    measuring.store(true, Ordering::Relaxed);
    tokio::time::sleep(time).await;
    measuring.store(false, Ordering::Relaxed);
    let (wall, after) = (begin.elapsed(), (server.usage()?, Usage::own()?));
    stop.store(true, Ordering::Relaxed);
    let mut latencies = Histogram::new(3)?;
    while let Some(one) = tasks.join_next().await {
        latencies.add(one.context("a sender panicked")??)?;
    }
    let sent = sent.load(Ordering::Relaxed);
    let per_second = as_f64(sent) / wall.as_secs_f64();
    Ok(Rate { per_second, latencies, spent: Spent::between(before, after, wall), sent })
}

/// Sends one message and insists on 201; the body of the reply.
pub async fn send<'a>(
    http: &'a mut Http,
    by: &Account,
    conversation: ConversationId,
    temp_id: &str,
    bytes: usize,
) -> Result<&'a [u8]> {
    let content = STANDARD.encode(format!("{temp_id:x<bytes$}"));
    let body = format!(r#"{{"content_encrypted":"{content}","temp_id":"{temp_id}"}}"#);
    let (status, reply) = http.post(&format!("conversations/{conversation}/messages"), &by.token, &body).await?;
    if status != 201 {
        bail!("a send got {status}: {}", String::from_utf8_lossy(reply));
    }
    Ok(reply)
}

/// Groups of two people each; for every person those they may send to.
pub async fn small_groups(server: SocketAddr, people: &[Account], count: usize) -> Result<Vec<Vec<ConversationId>>> {
    let api = Api::new(format!("http://{server}"), Duration::from_secs(30))?;
    let mut places = vec![Vec::new(); people.len()];
    for number in 0..count {
        let (one, other) = (number % people.len(), (number + 1) % people.len());
        let group = api.create_group(&people[one], "small", &[people[other].user]).await?;
        places[one].push(group);
    }
    Ok(places)
}

async fn one_group(server: SocketAddr, people: &[Account]) -> Result<ConversationId> {
    let api = Api::new(format!("http://{server}"), Duration::from_secs(30))?;
    let others: Vec<UserId> = people.iter().skip(1).map(|account| account.user).collect();
    Ok(api.create_group(&people[0], "hot", &others).await?)
}
