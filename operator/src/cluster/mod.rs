//! The way to the API server.

pub mod apply;
pub mod counted;
pub mod discovery;

use anyhow::Context as _;
use http::{Request, Response};
use kube::client::{Body, ClientBuilder, DynBody};
use kube::{Client, Config};
use tower::util::BoxService;
use tower::{BoxError, Layer, Service};

use self::counted::CountedLayer;
use crate::election::fence::{Fence, FenceLayer};
use crate::metrics::OperatorMetrics;

/// Where the cluster is, from the surroundings: inside a cluster from the ServiceAccount, outside from the kubeconfig.
pub async fn config() -> anyhow::Result<Config> {
    let mut config =
        Config::infer().await.context("no cluster: neither a ServiceAccount nor a kubeconfig was found")?;
    prepare(&mut config);
    Ok(config)
}

/// No retries inside the client: it would send a write long after the decision behind it. The queue tries again.
pub fn prepare(config: &mut Config) {
    config.default_retry = false;
}

/// A client for reconciling: every request is counted, and no write leaves unless this process leads.
pub fn fenced_client(config: Config, fence: &Fence, metrics: &OperatorMetrics) -> anyhow::Result<Client> {
    let builder = ClientBuilder::try_from(config)?;
    let builder = builder.with_layer(&CountedLayer::new(metrics.clone()));
    Ok(builder.with_layer(&FenceLayer(fence.clone())).build())
}

/// A client for the election itself, which no fence may hold up.
pub fn plain_client(config: Config, metrics: &OperatorMetrics) -> anyhow::Result<Client> {
    Ok(ClientBuilder::try_from(config)?.with_layer(&CountedLayer::new(metrics.clone())).build())
}

/// The same as [`fenced_client`] with one more layer nearest to the network, for tests that make it fail.
pub fn client_through<L, S>(
    config: Config,
    fence: &Fence,
    metrics: &OperatorMetrics,
    layer: &L,
) -> anyhow::Result<Client>
where
    L: Layer<Transport, Service = S>,
    S: Service<Request<Body>, Response = Response<Box<DynBody>>, Error = BoxError> + Send + 'static,
    S::Future: Send + 'static,
{
    let builder = ClientBuilder::try_from(config)?.with_layer(layer);
    let builder = builder.with_layer(&CountedLayer::new(metrics.clone()));
    Ok(builder.with_layer(&FenceLayer(fence.clone())).build())
}

/// What kube's own stack ends in.
pub type Transport = BoxService<Request<Body>, Response<Box<DynBody>>, BoxError>;
