//! The certificate of the listener, read again when its files change.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use tokio_util::sync::CancellationToken;

use super::AdminError;

/// How often the files are looked at. Whoever renews a certificate does so long before the old one ends.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// A certificate with its key, as the files have it.
#[derive(Debug)]
pub(super) struct Certificate {
    chain_file: PathBuf,
    key_file: PathBuf,
    provider: Arc<CryptoProvider>,
    current: ArcSwap<CertifiedKey>,
}

impl Certificate {
    /// Reads both files.
    pub(super) fn read(chain_file: PathBuf, key_file: PathBuf) -> Result<Arc<Self>, AdminError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let current = read_pair(&chain_file, &key_file, &provider)?;
        Ok(Arc::new(Self { chain_file, key_file, provider, current: ArcSwap::from_pointee(current) }))
    }

    /// The settings of the listener: TLS 1.3 with HTTP/2 inside.
    pub(super) fn server_config(self: &Arc<Self>) -> Result<ServerConfig, rustls::Error> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider));
        let builder = builder.with_protocol_versions(&[&version::TLS13])?.with_no_client_auth();
        let mut config = builder.with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(config)
    }

    /// Reads the files again from time to time, until it is stopped. While they do not fit together the old pair stays.
    pub(super) async fn keep_fresh(&self, stop: CancellationToken) {
        let mut told = false;
        while stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some() {
            match read_pair(&self.chain_file, &self.key_file, &self.provider) {
                Ok(read) => {
                    told = false;
                    if read.cert != self.current.load().cert {
                        self.current.store(Arc::new(read));
                        tracing::info!("the admin listener has another certificate");
                    }
                }
                // They may be written one after the other.
                Err(error) if !told => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "the old certificate goes on being shown");
                    told = true;
                }
                Err(_) => {}
            }
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _client: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

fn read_pair(certificate: &Path, key: &Path, provider: &CryptoProvider) -> Result<CertifiedKey, AdminError> {
    let read = |path: &Path| fs::read(path).map_err(|source| AdminError::Read { path: path.to_owned(), source });
    let wrong =
        |problem: String| AdminError::Certificate { certificate: certificate.to_owned(), key: key.to_owned(), problem };
    let (chain, private) = (read(certificate)?, read(key)?);
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&chain)
        .collect::<Result<_, _>>()
        .map_err(|_| wrong("the certificate is no PEM".to_owned()))?;
    if chain.is_empty() {
        return Err(wrong("there is no certificate".to_owned()));
    }
    let private =
        PrivateKeyDer::from_pem_slice(&private).map_err(|_| wrong("the key is no private key as PEM".to_owned()))?;
    CertifiedKey::from_der(chain, private, provider).map_err(|error| wrong(error.to_string()))
}
