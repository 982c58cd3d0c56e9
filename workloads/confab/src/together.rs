//! Messaging and presence in one process, on whatever it stands.

use anyhow::Result;
use confab_chassis::http::Edge;
use confab_chassis::serve;
use confab_contract::config::admin::AdminConfig;
use confab_contract::config::messaging::PasswordConfig;
use confab_contract::config::presence::SocketConfig;
use confab_contract::config::section::HttpConfig;
use confab_groundwork::{Ground, Process};
use confab_messaging::Messaging;
use confab_presence::{Presence, Tempo};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How they serve.
#[derive(Debug, Default)]
pub struct Together {
    /// The public listener.
    pub http: HttpConfig,
    /// Password hashing.
    pub passwords: PasswordConfig,
    /// Connections.
    pub sockets: SocketConfig,
    /// The listener for the operator.
    pub admin: Option<AdminConfig>,
}

impl Together {
    /// Serves until the process is drained, and ends it.
    pub async fn serve_until_drained(self, listener: TcpListener, process: Process, ground: Ground) -> Result<()> {
        let messaging = messaging(&process, &ground, self.passwords);
        let presence = presence(&process, &ground, self.sockets);
        let edge = Edge::new(ground.tenants.clone(), &self.http, process.clock.clone(), &process.metrics);
        let app = edge.protect(messaging.router().merge(presence.router()));
        let admin = process.serve_admin(self.admin.as_ref(), &ground).await?;
        let serving = serve::serve(listener, app, self.http, process.drain.clone(), process.metrics.clone());
        // Presence ends by the drain, too: when the last connection has been closed.
        tokio::join!(serving, presence.run(CancellationToken::new()));
        if let Some(admin) = admin {
            admin.ended().await;
        }
        process.end(Some(ground)).await;
        Ok(())
    }
}

fn messaging(process: &Process, ground: &Ground, passwords: PasswordConfig) -> Messaging {
    let ground = ground.clone();
    Messaging::build(confab_messaging::Parts {
        store: ground.store,
        tenants: ground.tenants,
        keyring: ground.keyring,
        verifier: ground.verifier,
        revocations: ground.revocations,
        bus: ground.bus,
        limiter: ground.limiter,
        master_key: ground.master_key,
        clock: process.clock.clone(),
        passwords,
    })
}

fn presence(process: &Process, ground: &Ground, sockets: SocketConfig) -> Presence {
    let ground = ground.clone();
    Presence::build(confab_presence::Parts {
        store: ground.store,
        tenants: ground.tenants,
        verifier: ground.verifier,
        revocations: ground.revocations,
        bus: ground.bus,
        limiter: ground.limiter,
        master_key: ground.master_key,
        drain: process.drain.clone(),
        metrics: process.metrics.clone(),
        clock: process.clock.clone(),
        sockets,
        tempo: Tempo::default(),
    })
}
