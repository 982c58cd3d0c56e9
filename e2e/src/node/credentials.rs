//! Certificates of a node's servers, and who its programs are to the API server.

use anyhow::Result;
use confab_testbed::kubernetes::{Authority, Certificate, Files, Identity, write_secret};

use super::plan::Plan;
use super::template::write;

/// Kubernetes lets this group do everything.
const MASTERS: Option<&str> = Some("system:masters");
/// Who forwards requests to servers behind the API server; they trust no other name.
pub const FRONT_PROXY: &str = "front-proxy";
/// Where the API server finds the metrics.
const METRICS: &str = "metrics-server.kube-system.svc";

/// What is written for a node.
#[derive(Debug)]
pub struct Credentials {
    /// What the API server reads.
    pub files: Files,
    /// Who may do everything.
    pub admin: Identity,
    /// What others need to trust the node's servers.
    pub authority_pem: String,
}

impl Credentials {
    /// Makes an authority and all that it signs. Its key is forgotten.
    pub fn write(plan: &Plan) -> Result<Self> {
        let authority = Authority::new("confab")?;
        let (node, kubernetes) = (plan.node_address().to_string(), plan.kubernetes_address().to_string());
        let names = [&node, &kubernetes, "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost"];
        let files = Files::write(plan.folder(), &authority, &names)?;
        certificate(plan, "kubelet", &authority.server(&[plan.name(), &node])?)?;
        certificate(plan, "metrics-server", &authority.server(&[METRICS])?)?;
        certificate(plan, "api-server-client", &authority.client("kube-apiserver", MASTERS)?)?;
        certificate(plan, FRONT_PROXY, &authority.client(FRONT_PROXY, None)?)?;
        let identity = |file: &str, user: &str, group| {
            let client = authority.client(user, group)?;
            Identity::new(&plan.api_url(), authority.certificate_pem(), client, plan.path(file))
        };
        identity("kubelet.kubeconfig", &format!("system:node:{}", plan.name()), Some("system:nodes"))?;
        identity("kube-proxy.kubeconfig", "system:kube-proxy", None)?;
        identity("kube-scheduler.kubeconfig", "system:kube-scheduler", None)?;
        for add_on in ["coredns", "traefik", "metrics-server"] {
            identity(&format!("{add_on}.kubeconfig"), add_on, None)?;
        }
        let admin = identity("kubeconfig", "admin", MASTERS)?;
        Ok(Self { files, admin, authority_pem: authority.certificate_pem().to_owned() })
    }
}

/// As `<name>.pem` and `<name>.key`.
fn certificate(plan: &Plan, name: &str, certificate: &Certificate) -> Result<()> {
    write(&plan.path(&format!("{name}.pem")), &certificate.certificate_pem)?;
    write_secret(&plan.path(&format!("{name}.key")), &certificate.key_pem)
}
