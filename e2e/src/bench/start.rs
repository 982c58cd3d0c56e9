//! From start to ready on existing data, and memory at rest.

use std::time::Duration;

use anyhow::Result;

use super::Scale;
use super::crowd::sign_up;
use super::figure::{Figure, Goal};
use crate::harness::{Engine, Site, SiteOptions};

const MIB: f64 = 1024.0 * 1024.0;
/// After this long nothing that belongs to the start still runs.
const REST: Duration = Duration::from_secs(3);

pub async fn measure(scale: &Scale) -> Result<Vec<Figure>> {
    let mut site = Site::laptop(Engine::Sqlite, &SiteOptions::default(), scale.logs()).await?;
    sign_up(site.messaging[0], "early", 20).await?;
    let server = &mut site.servers[0].1;
    let mut times = Vec::new();
    for _ in 0..scale.pick(15, 5) {
        server.terminate().await?;
        times.push(server.start().await?);
    }
    times.sort_unstable();
    let median = times[times.len() / 2].as_secs_f64() * 1000.0;
    let slowest = times.last().copied().unwrap_or_default().as_secs_f64() * 1000.0;
    tokio::time::sleep(REST).await;
    let memory = as_f64(server.usage()?.rss) / MIB;
    Ok(vec![
        Figure::new("confab up: start to ready, existing data", median, "ms", Goal::Below(150.0))
            .note(format!("median of {}; slowest {slowest:.0} ms", times.len())),
        Figure::new("confab up: memory at rest", memory, "MiB", Goal::Below(30.0)),
    ])
}

/// Counts of bytes and events are far below 2^52.
#[expect(clippy::cast_precision_loss, reason = "figures have four digits")]
pub fn as_f64(count: u64) -> f64 {
    count as f64
}
