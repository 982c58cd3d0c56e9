//! A connection to a host's admin service: TLS with the one certificate that the operator itself made for it.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use confab_contract::TenantId;
use confab_contract::Timestamp;
use confab_contract::admin::token::OperatorKey;
use confab_desired::Kind;
use confab_desired::build::ADMIN_PORT;
use kube::Client;
use secrecy::ExposeSecret as _;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

use super::{HostError, Target};
use crate::cluster::apply::find;
use crate::world::Key;

const CONNECT: Duration = Duration::from_secs(2);
/// The longest call writes 128 tenants in one transaction.
const CALL: Duration = Duration::from_secs(10);
/// A connection whose pod went away without a word is found out by this.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Prepares a connection. It is made at the first call, and anew after it broke.
pub(super) async fn open(client: &Client, target: &Target, address: Option<SocketAddr>) -> Result<Channel, HostError> {
    let certificate = certificate(client, target).await?;
    let url = match address {
        Some(address) => format!("https://{address}"),
        None => format!("https://{}:{ADMIN_PORT}", target.name),
    };
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(certificate)).domain_name(&target.name);
    let broken = |error: tonic::transport::Error| HostError::Unreachable(with_causes(&error));
    let endpoint = Endpoint::from_shared(url).map_err(broken)?.tls_config(tls).map_err(broken)?;
    let endpoint = endpoint.connect_timeout(CONNECT).timeout(CALL).keep_alive_timeout(CONNECT);
    Ok(endpoint.http2_keep_alive_interval(KEEP_ALIVE).keep_alive_while_idle(true).connect_lazy())
}

async fn certificate(client: &Client, target: &Target) -> Result<Vec<u8>, HostError> {
    let key = Key { namespace: target.key.namespace.clone(), name: target.certificate.clone() };
    let found = find(client, Kind::Secret, &key).await.map_err(|error| HostError::Unreachable(with_causes(&error)))?;
    let pem = found
        .as_ref()
        .and_then(|secret| secret["data"]["tls.crt"].as_str())
        .and_then(|text| STANDARD.decode(text).ok());
    pem.ok_or_else(|| HostError::Unreachable(format!("Secret {key} with its certificate is not there yet")))
}

/// A request with a token for this host.
pub(super) fn signed<T>(message: T, key: &OperatorKey, host: &TenantId) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    let token = key.sign(host, Timestamp::from_millis(jiff::Timestamp::now().as_millisecond()));
    if let Ok(mut value) = format!("Bearer {}", token.expose_secret()).parse::<tonic::metadata::AsciiMetadataValue>() {
        value.set_sensitive(true);
        request.metadata_mut().insert("authorization", value);
    }
    request
}

/// An error with what caused it: that tells more than "transport error".
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
