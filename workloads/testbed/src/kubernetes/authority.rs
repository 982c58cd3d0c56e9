//! A certificate authority that lives as long as its cluster.

use anyhow::{Context as _, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

/// Signs the certificates of one cluster. All are ECDSA P-256 and do not expire.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    certificate_pem: String,
}

/// A certificate and its private key, both as PEM.
#[derive(Clone)]
pub struct Certificate {
    /// The certificate.
    pub certificate_pem: String,
    /// Its key, as PKCS #8.
    pub key_pem: String,
}

impl Authority {
    /// A new one with a key of its own.
    pub fn new(name: &str) -> Result<Self> {
        let mut parameters = named(CertificateParams::default(), name, None);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let issuer = CertifiedIssuer::self_signed(parameters, new_key()?).context("an authority cannot sign itself")?;
        Ok(Self { certificate_pem: issuer.pem(), issuer })
    }

    /// What others need to trust it.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// For a server with these names and addresses.
    pub fn server(&self, names: &[&str]) -> Result<Certificate> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let first = names.first().context("a server has a name")?.clone();
        let parameters = CertificateParams::new(names).context("not a name or an address")?;
        self.sign(named(parameters, &first, None), ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// For a client: Kubernetes reads the user and the group from it.
    pub fn client(&self, user: &str, group: Option<&str>) -> Result<Certificate> {
        let parameters = named(CertificateParams::default(), user, group);
        self.sign(parameters, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn sign(&self, mut parameters: CertificateParams, purpose: ExtendedKeyUsagePurpose) -> Result<Certificate> {
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![purpose];
        let key = new_key()?;
        let certificate = parameters.signed_by(&key, &self.issuer).context("the authority cannot sign")?;
        Ok(Certificate { certificate_pem: certificate.pem(), key_pem: key.serialize_pem() })
    }
}

/// A pair of keys without a certificate, both as PEM: it signs the tokens of service accounts.
#[derive(Clone)]
pub struct SigningKey {
    /// As PKCS #8.
    pub private_pem: String,
    /// What verifies.
    pub public_pem: String,
}

impl SigningKey {
    /// A new one.
    pub fn new() -> Result<Self> {
        let key = new_key()?;
        Ok(Self { private_pem: key.serialize_pem(), public_pem: key.public_key_pem() })
    }
}

fn new_key() -> Result<KeyPair> {
    KeyPair::generate().context("no key can be made")
}

fn named(mut parameters: CertificateParams, name: &str, organization: Option<&str>) -> CertificateParams {
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    if let Some(organization) = organization {
        parameters.distinguished_name.push(DnType::OrganizationName, organization);
    }
    parameters
}

/// Keys are for nobody's eyes.
impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").finish_non_exhaustive()
    }
}
