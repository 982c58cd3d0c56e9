//! What people expect of a cluster beside Kubernetes: names, Ingress and Gateway API, metrics. All are processes of the node, not
//! pods, so that no image is needed.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use confab_testbed::kubernetes::program;

use super::component::Component;
use super::credentials::Credentials;
use super::host::run;
use super::plan::Plan;
use super::template::{fill, write};

/// Applies what a fresh cluster holds, and the definitions of Gateway API.
pub fn apply_objects(plan: &Plan, credentials: &Credentials) -> Result<()> {
    let values =
        [("node", plan.node_address().to_string()), ("authority", STANDARD.encode(&credentials.authority_pem))];
    write(&plan.path("objects.yaml"), &fill(include_str!("files/objects.yaml"), &values)?)?;
    write(&plan.path("gateway-class.yaml"), include_str!("files/gateway-class.yaml"))?;
    let apply = |file: std::path::PathBuf| {
        let mut kubectl = credentials.admin.kubectl();
        kubectl.args(["apply", "--server-side", "--filename"]).arg(file);
        run(&mut kubectl)
    };
    apply(plan.path("objects.yaml"))?;
    apply(program("gateway-api")?)?;
    let mut kubectl = credentials.admin.kubectl();
    kubectl.args([
        "wait",
        "--for=condition=Established",
        "--timeout=30s",
        "crd/gatewayclasses.gateway.networking.k8s.io",
    ]);
    run(&mut kubectl).context("the definitions of Gateway API do not become ready")?;
    apply(plan.path("gateway-class.yaml"))
}

/// Answers for the names of services.
pub fn coredns(plan: &Plan) -> Result<Component> {
    let arguments = vec!["-conf".to_owned(), plan.path("Corefile").display().to_string()];
    component("coredns", arguments, Vec::new())
}

/// Serves Ingress and Gateway API on ports 80 and 443 of the node.
pub fn traefik(plan: &Plan) -> Result<Component> {
    let node = plan.node_address();
    let arguments = vec![
        format!("--entryPoints.web.address={node}:80"),
        format!("--entryPoints.websecure.address={node}:443"),
        "--providers.kubernetesIngress=true".to_owned(),
        format!("--providers.kubernetesIngress.ingressEndpoint.ip={node}"),
        "--providers.kubernetesGateway=true".to_owned(),
        format!("--providers.kubernetesGateway.statusAddress.ip={node}"),
        "--global.checkNewVersion=false".to_owned(),
        "--global.sendAnonymousUsage=false".to_owned(),
    ];
    let kubeconfig = plan.path("traefik.kubeconfig").display().to_string();
    component("traefik", arguments, vec![("KUBECONFIG", kubeconfig)])
}

/// Tells what pods use; autoscalers and `kubectl top` ask it.
pub fn metrics_server(plan: &Plan, credentials: &Credentials) -> Result<Component> {
    let path = |flag: &str, name: &str| format!("--{flag}={}", plan.path(name).display());
    let arguments = vec![
        path("kubeconfig", "metrics-server.kubeconfig"),
        path("authentication-kubeconfig", "metrics-server.kubeconfig"),
        path("authorization-kubeconfig", "metrics-server.kubeconfig"),
        format!("--bind-address={}", plan.node_address()),
        "--secure-port=4443".to_owned(),
        path("tls-cert-file", "metrics-server.pem"),
        path("tls-private-key-file", "metrics-server.key"),
        format!("--kubelet-certificate-authority={}", credentials.files.authority().display()),
        "--kubelet-preferred-address-types=InternalIP".to_owned(),
        // The shortest that it takes.
        "--metric-resolution=10s".to_owned(),
        "--kubelet-request-timeout=5s".to_owned(),
    ];
    component("metrics-server", arguments, Vec::new())
}

fn component(name: &'static str, arguments: Vec<String>, variables: Vec<(&'static str, String)>) -> Result<Component> {
    Ok(Component { name, program: program(name)?, arguments, variables })
}
