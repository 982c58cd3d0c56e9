//! `TenantAdmin`, by which the operator says whom the host serves.
//!
//! - [`service`]: what is asked, and what becomes of it.
//! - [`guard`]: who may ask.
//! - [`listener`], `certificate`: where it is asked; TLS.

mod certificate;
mod guard;
mod listener;
mod metrics;
mod service;

use std::net::SocketAddr;
use std::path::PathBuf;

use confab_chassis::bus::Bus;
use confab_chassis::clock::Clock;
use confab_chassis::drain::Drain;
use confab_chassis::telemetry::Metrics;
use confab_contract::admin::v1::tenant_admin_server::TenantAdminServer;
use confab_contract::config::admin::AdminConfig;
use confab_store::Store;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::service::interceptor::InterceptedService;

use self::certificate::Certificate;
use self::guard::Guard;
use self::metrics::AdminMetrics;
use self::service::Service;
use crate::follower::Follower;

/// The service behind its guard.
type GuardedService = InterceptedService<TenantAdminServer<Service>, Guard>;

/// What the service is made of.
#[derive(Clone)]
pub struct AdminParts {
    /// The record.
    pub store: Store,
    /// Takes in what was stored before it is answered.
    pub follower: Follower,
    /// Tells other processes.
    pub bus: Bus,
    /// The time.
    pub clock: Clock,
    /// The way out.
    pub drain: Drain,
    /// Where numbers go.
    pub metrics: Metrics,
}

/// Why the service cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The port is taken, or the address is not ours.
    #[error("{address} cannot be listened on")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A file of the certificate cannot be read.
    #[error("failed to read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The files hold no certificate with its key.
    #[error("{certificate} and {key} do not hold a certificate with its private key as PEM: {problem}")]
    Certificate {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong, without what is in them.
        problem: String,
    },
    /// The Config was not checked.
    #[error("admin.operator_keys holds something else than Ed25519 public keys as base64")]
    OperatorKeys,
}

/// The running service.
pub struct Admin {
    /// Where it listens.
    pub address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Admin {
    /// Takes the address and begins to answer, until the drain refuses new work.
    pub async fn begin(config: &AdminConfig, parts: AdminParts) -> Result<Self, AdminError> {
        let certificate = match (&config.tls_certificate_file, &config.tls_private_key_file) {
            (Some(certificate), Some(key)) => Some(Certificate::read(certificate.clone(), key.clone())?),
            // The Config has been checked: then it is a loopback address.
            _ => None,
        };
        let taken = TcpListener::bind(config.listen).await;
        let not_taken = |source| AdminError::Listen { address: config.listen, source };
        let listener = taken.map_err(not_taken)?;
        let address = listener.local_addr().map_err(not_taken)?;
        let metrics: AdminMetrics = parts.metrics.set();
        let guard = Guard::new(config, parts.clock.clone(), metrics.clone()).ok_or(AdminError::OperatorKeys)?;
        let drain = parts.drain.clone();
        let service = Service::new(config.host.clone(), parts, metrics);
        let server = TenantAdminServer::with_interceptor(service, guard);
        let tls = certificate.is_some();
        tracing::info!(%address, tls, host = %config.host, "serving TenantAdmin");
        let serving = tokio::spawn(listener::serve(listener, server, certificate, drain));
        Ok(Self { address, serving })
    }

    /// Waits until it has ended by the drain.
    pub async fn ended(self) {
        // A panic of the server has been logged, and is over with it.
        let _ = self.serving.await;
    }
}
