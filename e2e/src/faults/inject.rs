//! Does to a site what the schedule says, one fault after the other, each with its recovery.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use confab_testbed::StopMode;
use serde::Serialize;

use super::schedule::{Fault, Kind, Schedule};
use crate::harness::{Role, Server, Site};

/// A fault that has happened.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Injected {
    /// What.
    pub fault: Fault,
    /// When, from the beginning of the load.
    pub at: Duration,
    /// How long until all was well again.
    pub took: Duration,
}

/// Injects faults until the time is over and every kind has come; the site is whole again when this returns.
pub async fn inject(site: &mut Site, schedule: Schedule, time: Duration) -> Result<Vec<Injected>> {
    let (begin, least) = (Instant::now(), schedule.round_len());
    let mut injected = Vec::new();
    for fault in schedule {
        if injected.len() >= least && begin.elapsed() + fault.after >= time {
            break;
        }
        tokio::time::sleep(fault.after).await;
        let at = begin.elapsed();
        strike(site, fault).await.with_context(|| format!("{fault:?} did not go as it should"))?;
        injected.push(Injected { fault, at, took: begin.elapsed().saturating_sub(at) });
    }
    tokio::time::sleep(time.saturating_sub(begin.elapsed())).await;
    Ok(injected)
}

async fn strike(site: &mut Site, fault: Fault) -> Result<()> {
    let lasts = fault.lasts;
    if let Some(role) = fault.kind.role() {
        return strike_server(target(site, role, fault.target)?, fault).await;
    }
    match fault.kind {
        Kind::RedisStop => {
            let redis = site.redis.as_mut().context("no Redis here")?;
            redis.stop().await?;
            tokio::time::sleep(lasts).await;
            redis.start_again().await
        }
        Kind::RedisFlush => site.redis.as_ref().context("no Redis here")?.flush_all(),
        Kind::RedisFreeze => {
            let redis = site.redis.as_ref().context("no Redis here")?;
            redis.pause()?;
            tokio::time::sleep(lasts).await;
            redis.resume()
        }
        Kind::PostgresFast | Kind::PostgresImmediate => {
            let postgres = site.postgres.as_mut().context("no Postgres here")?;
            let mode = if fault.kind == Kind::PostgresFast { StopMode::Fast } else { StopMode::Immediate };
            postgres.stop(mode).await?;
            tokio::time::sleep(lasts).await;
            postgres.start_again().await?;
            site.wait_ready().await
        }
        _ => Ok(()),
    }
}

async fn strike_server(server: &mut Server, fault: Fault) -> Result<()> {
    match fault.kind {
        Kind::FreezeMessaging | Kind::FreezePresence => {
            server.pause()?;
            tokio::time::sleep(fault.lasts).await;
            return server.resume();
        }
        Kind::TerminateMessaging | Kind::TerminatePresence => {
            server.terminate().await?;
        }
        _ => server.kill().await?,
    }
    tokio::time::sleep(fault.lasts).await;
    server.start().await.map(drop)
}

fn target(site: &mut Site, role: Role, number: usize) -> Result<&mut Server> {
    let plays = |server: &&mut (Role, Server)| server.0 == role || server.0 == Role::All;
    let count = site.servers.iter_mut().filter(plays).count();
    let chosen = site.servers.iter_mut().filter(plays).nth(number % count.max(1));
    chosen.map(|(_, server)| server).context("no such process here")
}
