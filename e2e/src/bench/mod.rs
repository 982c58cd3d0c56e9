//! The figures: measured beside goal, the server's processor time apart from the load generator's.
//!
//! The load generator shares the cores with what it measures, so it is kept cheap: hand-written requests on kept
//! connections ([`http`]) and a frame scanner instead of a WebSocket library ([`pipe`]). Everything else is honest: users
//! sign up over the API, tokens are checked, writes are durable.

mod crowd;
mod cut;
mod fan_out;
mod figure;
mod http;
mod latency;
mod page;
mod pipe;
mod sends;
mod sockets;
mod start;
mod tenants;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::ValueEnum;

use crate::harness::{self, Engine, Layout};
use crowd::Crowd;
pub use figure::{Figure, Goal};

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Subject {
    /// From start to ready, and memory at rest.
    Start,
    /// Durable sends per second.
    Sends,
    /// From send to delivered.
    Latency,
    /// Deliveries per second of processor time.
    FanOut,
    /// Memory of a socket.
    Sockets,
    /// Many sockets cut at once.
    Cut,
    /// A page of messages from a long history.
    Page,
    /// Tenants that come at run time, and ten thousand of them at rest.
    Tenants,
}

/// How much is measured.
#[derive(Debug, Clone)]
pub struct Scale {
    /// Less of everything, for a first look. The figures are no proof then.
    pub quick: bool,
    /// Where server logs go.
    pub logs: PathBuf,
}

impl Scale {
    /// A scale whose logs lie beside the programs of this profile.
    pub fn new(quick: bool) -> Result<Self> {
        let logs = harness::programs()?.join("e2e-bench");
        std::fs::create_dir_all(&logs)?;
        Ok(Self { quick, logs })
    }

    fn logs(&self) -> &Path {
        &self.logs
    }

    /// One of two numbers.
    fn pick<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// How long a rate is measured.
    fn time(&self) -> Duration {
        Duration::from_secs(self.pick(10, 3))
    }
}

/// Measures the subjects one after the other and hands each figure over as it comes. What cannot be measured does not keep
/// the rest from it.
pub async fn measure(subjects: &[Subject], scale: &Scale, mut show: impl FnMut(Result<Figure>)) {
    // Made for the first figure that needs it: thousands of accounts take a while.
    let mut crowd: Option<Crowd> = None;
    for subject in subjects {
        match of_subject(*subject, scale, &mut crowd).await {
            Ok(figures) => figures.into_iter().for_each(|figure| show(Ok(figure))),
            Err(error) => show(Err(error.context(format!("{subject:?} could not be measured")))),
        }
    }
}

async fn of_subject(subject: Subject, scale: &Scale, crowd: &mut Option<Crowd>) -> Result<Vec<Figure>> {
    match subject {
        Subject::Start => start::measure(scale).await,
        Subject::Sends => {
            let mut figures = sends::measure(Engine::Sqlite, scale).await?;
            figures.extend(sends::measure(Engine::Postgres, scale).await?);
            Ok(figures)
        }
        Subject::Latency => {
            let mut figures = latency::measure(Layout::Laptop, scale).await?;
            figures.extend(latency::measure(Layout::Cluster, scale).await?);
            Ok(figures)
        }
        Subject::FanOut => fan_out::measure(gathered(crowd, scale).await?, scale).await,
        Subject::Sockets => sockets::measure(gathered(crowd, scale).await?, scale).await,
        Subject::Cut => cut::measure(gathered(crowd, scale).await?, scale).await,
        Subject::Page => {
            let mut figures = page::measure(Engine::Sqlite, scale).await?;
            figures.extend(page::measure(Engine::Postgres, scale).await?);
            Ok(figures)
        }
        Subject::Tenants => tenants::measure(scale).await,
    }
}

async fn gathered<'a>(crowd: &'a mut Option<Crowd>, scale: &Scale) -> Result<&'a mut Crowd> {
    if crowd.is_none() {
        *crowd = Some(Crowd::gather(scale).await?);
    }
    crowd.as_mut().context("a crowd was gathered just now")
}
