//! The listener's TLS: pinned by the operator, 1.3 only, and renewed without a restart.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use confab_contract::config::admin::AdminConfig;
use confab_tenancy::{Admin, AdminError};
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore, version};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

use crate::world::{DEADLINE, Hears, World, host_record};

const NAME: &str = "host-admin.chat.svc";

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    /// Writes a certificate and its key where the listener reads them.
    fn issue(&self, folder: &Path) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(folder.join("tls.crt"), certificate.pem()).unwrap();
        std::fs::write(folder.join("tls.key"), key.serialize_pem()).unwrap();
    }

    fn pem(&self) -> String {
        self.issuer.as_ref().pem()
    }
}

fn with_tls(config: AdminConfig, folder: &Path) -> AdminConfig {
    AdminConfig {
        tls_certificate_file: Some(folder.join("tls.crt")),
        tls_private_key_file: Some(folder.join("tls.key")),
        ..config
    }
}

fn endpoint(address: std::net::SocketAddr, authority: &Authority) -> Endpoint {
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(authority.pem())).domain_name(NAME);
    Endpoint::from_shared(format!("https://{address}")).unwrap().tls_config(tls).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_pins_the_authority_and_nobody_speaks_in_the_clear() {
    let (world, folder, authority) = (World::on_sqlite(), tempfile::tempdir().unwrap(), Authority::new());
    authority.issue(folder.path());
    let process = world.still_process(Hears::Nothing).await;
    let address = world.listen(&process, &with_tls(world.admin_config(), folder.path())).await;
    let mut operator = world.operator_at(endpoint(address, &authority)).await;
    assert_eq!(operator.upsert(&[host_record()]).await, [Ok(1)]);
    assert!(endpoint(address, &Authority::new()).connect().await.is_err(), "of another authority");
    let clear = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await;
    if let Ok(channel) = clear {
        let mut operator = crate::world::Operator::new(channel, &world.token());
        assert!(operator.try_upsert(&[host_record()]).await.is_err(), "in the clear");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_versions_of_tls_are_refused() {
    let (world, folder, authority) = (World::on_sqlite(), tempfile::tempdir().unwrap(), Authority::new());
    authority.issue(folder.path());
    let process = world.still_process(Hears::Nothing).await;
    let address = world.listen(&process, &with_tls(world.admin_config(), folder.path())).await;
    let mut roots = RootCertStore::empty();
    roots.add(authority.issuer.as_ref().der().clone()).unwrap();
    let handshake = async |versions: &[&'static rustls::SupportedProtocolVersion]| {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        let config = builder.with_root_certificates(roots.clone()).with_no_client_auth();
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from(NAME).unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.map(drop)
    };
    handshake(&[&version::TLS13]).await.unwrap();
    assert!(handshake(&[&version::TLS12]).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_certificate_is_shown_without_a_restart_and_half_a_pair_is_not() {
    let (world, folder) = (World::on_sqlite(), tempfile::tempdir().unwrap());
    let (old, new) = (Authority::new(), Authority::new());
    old.issue(folder.path());
    let process = world.still_process(Hears::Nothing).await;
    let address = world.listen(&process, &with_tls(world.admin_config(), folder.path())).await;
    std::fs::write(folder.path().join("tls.crt"), "half").unwrap();
    endpoint(address, &old).connect().await.unwrap();
    new.issue(folder.path());
    let renewed = async {
        while endpoint(address, &new).connect().await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(DEADLINE, renewed).await.unwrap();
    assert!(endpoint(address, &old).connect().await.is_err());
}

#[tokio::test]
async fn files_that_hold_no_certificate_are_told_at_the_start_and_not_shown() {
    let (world, folder, authority) = (World::on_sqlite(), tempfile::tempdir().unwrap(), Authority::new());
    let process = world.still_process(Hears::Nothing).await;
    let config = with_tls(world.admin_config(), folder.path());
    let begin = async || {
        let parts = confab_tenancy::AdminParts {
            store: process.store.clone(),
            follower: process.follower.clone(),
            bus: process.bus.clone(),
            clock: confab_chassis::clock::Clock::system(),
            drain: process.drain.clone(),
            metrics: process.metrics.clone(),
        };
        Admin::begin(&config, parts).await.map(drop)
    };
    let missing = begin().await.unwrap_err();
    assert!(matches!(&missing, AdminError::Read { path, .. } if path.ends_with("tls.crt")), "{missing}");
    authority.issue(folder.path());
    std::fs::write(folder.path().join("tls.key"), "canary").unwrap();
    let wrong = begin().await.unwrap_err();
    assert!(!format!("{wrong} {wrong:?}").contains("canary"), "{wrong}");
    // The key of another certificate.
    authority.issue(folder.path());
    std::fs::write(folder.path().join("tls.key"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    assert!(matches!(begin().await.unwrap_err(), AdminError::Certificate { .. }));
}
