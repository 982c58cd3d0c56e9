//! Tenants that come at run time: how fast, how soon everywhere, and what ten thousand of them cost at rest.

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail, ensure};
use confab_contract::Timestamp;
use confab_contract::admin::policy::GuestsFrom;
use confab_contract::admin::token::OperatorKey;
use confab_contract::admin::v1::UpsertRequest;
use confab_contract::admin::v1::tenant_admin_client::TenantAdminClient;
use confab_contract::admin::v1::upsert_outcome::Outcome;
use confab_contract::admin::{GuestPolicy, TenantRecord};
use confab_contract::config::tenant::TenantConfig;
use hdrhistogram::Histogram;
use secrecy::ExposeSecret as _;
use tonic::Request;
use tonic::transport::{Channel, Endpoint};

use super::Scale;
use super::figure::{Figure, Goal};
use super::http::Http;
use super::start::as_f64;
use crate::harness::{self, Role, Site, SiteOptions};

/// Tenants of one call.
const BATCH: usize = 64;
/// Tenants whose rate is measured.
const RATED: usize = 1000;
/// After this long nothing that belongs to a start still runs.
const REST: Duration = Duration::from_secs(3);
const KIB: f64 = 1024.0;

pub async fn measure(scale: &Scale) -> Result<Vec<Figure>> {
    let key = OperatorKey::from_pkcs8(OperatorKey::generate().expose_secret()).context("a key was just made")?;
    let mut site = Site::cell(&key, &SiteOptions::default(), scale.logs()).await?;
    let mut operator = Operator::connect(site.admin[0], key).await?;
    operator.upsert(&[host()?]).await?;
    let empty = restarted(&mut site).await?;

    let mut figures = vec![rate(&mut operator).await?, everywhere(&mut operator, &site, scale).await?];
    let total = scale.pick(10_000, 2000);
    for first in (RATED..total).step_by(BATCH) {
        let guests: Vec<_> = (first..total.min(first + BATCH)).map(|number| guest(&format!("g{number}"))).collect();
        operator.upsert(&guests.into_iter().collect::<Result<Vec<_>>>()?).await?;
    }
    let full = restarted(&mut site).await?;
    for (empty, full) in empty.iter().zip(&full) {
        let memory = as_f64(full.memory.saturating_sub(empty.memory)) / as_f64(total as u64) / KIB;
        let name = full.name;
        figures.push(
            Figure::new(format!("{name}: memory of an idle tenant"), memory, "KiB", Goal::Below(3.0)).note(format!(
                "{total} tenants; {:.0} MiB instead of {:.0}",
                mib(full.memory),
                mib(empty.memory)
            )),
        );
        let start = full.start.as_secs_f64();
        let what = format!("{name}: start to ready with {total} tenants");
        figures.push(
            Figure::new(what, start, "s", Goal::Below(2.0))
                .note(format!("{:.2} s with one", empty.start.as_secs_f64())),
        );
    }
    Ok(figures)
}

fn mib(bytes: u64) -> f64 {
    as_f64(bytes) / KIB / KIB
}

/// From the first batch sent to the last one answered.
async fn rate(operator: &mut Operator) -> Result<Figure> {
    let guests = (0..RATED).map(|number| guest(&format!("g{number}"))).collect::<Result<Vec<_>>>()?;
    let began = Instant::now();
    for batch in guests.chunks(BATCH) {
        operator.upsert(batch).await?;
    }
    let rate = as_f64(RATED as u64) / began.elapsed().as_secs_f64();
    let what = format!("tenants told by gRPC, {BATCH} in a call, Postgres");
    Ok(Figure::new(what, rate, "tenants/s", Goal::AtLeast(1000.0)).note("one call after the other"))
}

/// From the beginning of a call with one tenant until the other messaging process and a presence process serve it.
async fn everywhere(operator: &mut Operator, site: &Site, scale: &Scale) -> Result<Figure> {
    let mut times = Histogram::<u64>::new(3)?;
    for number in 0..scale.pick(300, 50) {
        let name = format!("s{number}");
        let record = guest(&name)?;
        // Connected beforehand: a client's connection is not what is measured.
        let mut peers = [
            Http::connect_to(site.messaging[1], record.config.domain.clone()).await?,
            Http::connect_to(site.presence[1], record.config.domain.clone()).await?,
        ];
        let began = Instant::now();
        operator.upsert(std::slice::from_ref(&record)).await?;
        for (peer, path) in peers.iter_mut().zip(["users/me", "ws"]) {
            while peer.get(path, "x").await?.0 == 404 {
                ensure!(began.elapsed() < Duration::from_secs(10), "a peer never serves {name}");
            }
        }
        times.record(u64::try_from(began.elapsed().as_micros())?)?;
    }
    let millis = |quantile| as_f64(times.value_at_quantile(quantile)) / 1000.0;
    let note = format!("p50 {:.1} ms, {} tenants", millis(0.5), times.len());
    Ok(Figure::new("tenant told → other processes serve it, p99", millis(0.99), "ms", Goal::Below(100.0)).note(note))
}

/// A process at rest after a start.
struct Rested {
    name: &'static str,
    start: Duration,
    memory: u64,
}

/// Starts one process of each service anew, and looks at it at rest.
async fn restarted(site: &mut Site) -> Result<Vec<Rested>> {
    let mut rested = Vec::new();
    for (role, name) in [(Role::Messaging, "messaging"), (Role::Presence, "presence")] {
        let server = site.servers.iter_mut().rev().find(|(of, _)| *of == role);
        let (_, server) = server.context("a cell has both")?;
        server.terminate().await?;
        let start = server.start().await?;
        tokio::time::sleep(REST).await;
        rested.push(Rested { name, start, memory: server.usage()?.rss });
    }
    Ok(rested)
}

fn guest(name: &str) -> Result<TenantRecord> {
    let config = TenantConfig::new(format!("team.{name}").parse()?, format!("{name}.chat.example.com"));
    Ok(TenantRecord::new(format!("0b0e5a3c-uid-of-{name}"), Timestamp::from_millis(1_768_000_000_000), config))
}

fn host() -> Result<TenantRecord> {
    let config = TenantConfig::new(harness::host()?, "host.example.com");
    let policy = GuestPolicy { from: GuestsFrom::All, max_tenants: 100_000, ..GuestPolicy::default() };
    Ok(TenantRecord { guests: Some(policy), ..TenantRecord::new("host", Timestamp::from_millis(0), config) })
}

/// Tells one process.
struct Operator {
    client: TenantAdminClient<Channel>,
    key: OperatorKey,
}

impl Operator {
    async fn connect(address: SocketAddr, key: OperatorKey) -> Result<Self> {
        let channel = Endpoint::from_shared(format!("http://{address}"))?.connect().await?;
        Ok(Self { client: TenantAdminClient::new(channel), key })
    }

    async fn upsert(&mut self, records: &[TenantRecord]) -> Result<()> {
        let mut request = Request::new(UpsertRequest { tenants: records.iter().map(Into::into).collect() });
        let token = self.key.sign(&harness::host()?, now()?);
        request.metadata_mut().insert("authorization", format!("Bearer {}", token.expose_secret()).parse()?);
        for told in self.client.upsert(request).await?.into_inner().outcomes {
            match told.outcome {
                Some(Outcome::ServedGeneration(_)) => {}
                other => bail!("{} is not served: {other:?}", told.id),
            }
        }
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "a load generator has no clock of the product's")]
fn now() -> Result<Timestamp> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(Timestamp::from_millis(i64::try_from(since.as_millis())?))
}
