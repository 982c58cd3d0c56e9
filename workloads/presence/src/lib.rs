//! The WebSocket gateway of Confab: who is connected, what each connection is to hear, and who is there.
//!
//! This crate owns sockets, their protocol, the hub that delivers events, and availability. It holds no SQL. It assigns no
//! `seq` and stores no event: it hands on what others have committed.
//!
//! ```text
//! bus ──hint──► hub: feed per conversation (dense order) ──► session: outbox (bounded) ──► socket
//! store ◄─tail──┘          └─ reads what the bus has lost            └─ replays what the client has missed
//! ```
//!
//! **What is delivered on a connection is gap-free and in order per conversation, or the connection says so
//! (`resync_required`) or ends. The bus may lose, repeat and reorder; nothing depends on it but speed.**
//!
//! Reading order: [`session::protocol`] (what clients may say); [`hub`] ([`hub::sequencer`], [`hub::feed`],
//! [`hub::tenant`]); [`session`] ([`session::opening`], [`session::connection`], [`session::catch_up`],
//! [`session::worker`]); [`wire`] (framing); [`plan`] (resuming); [`tasks`] (tail, patrol, availability, drain); [`mod@asyncapi`];
//! [`service`] (the process around it all).

mod asyncapi;
mod event;
mod gateway;
mod hub;
mod metrics;
mod parts;
mod plan;
#[cfg(feature = "sabotage")]
mod sabotage;
pub mod service;
mod session;
mod tasks;
mod threshold;
mod upgrade;
mod watermarks;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use confab_chassis::background::Background;
use tokio_util::sync::CancellationToken;

pub use self::asyncapi::asyncapi;
use self::gateway::Gateway;
use self::parts::Core;
pub use self::parts::{Parts, Tempo};

/// The commented default Config of the service, which is also the documentation of every key.
pub const DEFAULT_CONFIG: &str = include_str!("../config.default.yaml");

/// How long background tasks may take to end.
const LAST_TASKS: Duration = Duration::from_secs(2);

/// The gateway, ready to be mounted and run.
#[derive(Debug, Clone)]
pub struct Presence {
    gateway: Arc<Gateway>,
}

impl Presence {
    /// Puts the parts together.
    #[must_use]
    pub fn build(parts: Parts) -> Self {
        Self { gateway: Arc::new(Gateway::new(Core::new(parts))) }
    }

    /// The routes: `/v1/ws`, and `/` for hosts `ws.<domain>`. Around them belong the layers that all HTTP services share
    /// ([`confab_chassis::http::Edge`]).
    pub fn router(&self) -> axum::Router {
        upgrade::router(&self.gateway)
    }

    /// Connections that are open.
    pub fn connections(&self) -> u32 {
        self.gateway.connections()
    }

    /// Does the background work. Returns after `stop`, or when the process drains and its connections have been closed:
    /// within the drain's deadline. Until it returns the store must stay open.
    pub async fn run(&self, stop: CancellationToken) {
        let background = Background::new();
        self.spawn(&background);
        tokio::select! {
            () = stop.cancelled() => {}
            () = tasks::leaving::run(&self.gateway) => {}
        }
        background.stop(LAST_TASKS).await;
    }

    fn spawn(&self, background: &Background) {
        let with = |run: fn(Arc<Gateway>, CancellationToken) -> Task| {
            let gateway = Arc::clone(&self.gateway);
            move |stop| run(Arc::clone(&gateway), stop)
        };
        background.spawn("bus", with(|gateway, stop| Box::pin(tasks::bus::run(gateway, stop))));
        background.spawn("tail", with(|gateway, stop| Box::pin(tasks::tail::run(gateway, stop))));
        background.spawn("patrol", with(|gateway, stop| Box::pin(tasks::patrol::run(gateway, stop))));
        background.spawn("revoked", with(|gateway, stop| Box::pin(tasks::revoked::run(gateway, stop))));
        background.spawn("tenants", with(|gateway, stop| Box::pin(tasks::tenants::run(gateway, stop))));
        background.spawn("attention", with(|gateway, stop| Box::pin(tasks::attention::run(gateway, stop))));
        background
            .spawn("acknowledgements", with(|gateway, stop| Box::pin(tasks::acknowledgements::run(gateway, stop))));
        background.spawn("availability", with(|gateway, stop| Box::pin(tasks::availability::write(gateway, stop))));
        background.spawn("read-again", with(|gateway, stop| Box::pin(tasks::availability::read_again(gateway, stop))));
        background.spawn("receipts", with(|gateway, stop| Box::pin(tasks::receipts::read_again(gateway, stop))));
        background.spawn("lease", with(|gateway, stop| Box::pin(tasks::lease::run(gateway, stop))));
    }
}

type Task = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;
