//! A namespace with an operator that looks after it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use confab_chassis::health::Health;
use confab_chassis::telemetry::Metrics;
use confab_crds::generate;
use confab_desired::Kind;
use confab_operator::config::{ElectionConfig, OperatorConfig};
use confab_operator::controller::{self, Parts, WATCHES};
use confab_operator::metrics::{ApiLabels, OperatorMetrics};
use confab_operator::tenant::Limits;
use confab_operator::world::watch::resource;
use confab_testbed::kubernetes::{ApiServer, kubernetes};
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::{Value, json};
use tokio::runtime::{self, Runtime};
use tokio::sync::{OnceCell, oneshot};
use tokio_util::sync::CancellationToken;

use crate::account;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A namespace, its own operator, which may do what the shipped roles allow, and an administrator's client beside it.
pub struct Lab {
    pub namespace: String,
    pub client: Client,
    pub config: OperatorConfig,
    pub cluster: Config,
    operators: Vec<Operator>,
}

/// A running operator, on threads of its own so that it can be ended as a crash would.
pub struct Operator {
    pub metrics: OperatorMetrics,
    pub health: Health,
    stop: CancellationToken,
    runtime: Option<Runtime>,
    ended: Option<oneshot::Receiver<anyhow::Result<()>>>,
}

impl Operator {
    /// Starts one.
    pub fn start(mut parts: Parts) -> Self {
        parts.limits = limits();
        let (metrics, health, stop) = (parts.metrics.set(), parts.health.clone(), CancellationToken::new());
        let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
        let (tell, ended) = oneshot::channel();
        let token = stop.clone();
        runtime.spawn(async move {
            let _ = tell.send(controller::run(parts, token).await);
        });
        Self { metrics, health, stop, runtime: Some(runtime), ended: Some(ended) }
    }

    /// Ends it in order.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let ended = self.ended.take().expect("it runs");
        ended.await.expect("it does not panic").expect("it ends in order");
    }

    /// Ends it as a crash would: nothing is finished, the Lease stays.
    pub fn kill(self) {
        drop(self);
    }

    /// Writes so far, by this operator, to anything but its Lease.
    pub fn writes(&self) -> u64 {
        let count = |verb, code| {
            let labels = ApiLabels { verb, code };
            self.metrics.api_requests.get_or_create(&labels).get()
        };
        ["POST", "PATCH", "DELETE"].into_iter().flat_map(|verb| [200, 201].map(|code| count(verb, code))).sum()
    }
}

/// As short as a test wants them.
pub fn limits() -> Limits {
    Limits {
        resync: Duration::from_hours(1),
        look_again: Duration::from_millis(200),
        missing: Duration::from_millis(200),
        cleanup: Duration::from_secs(2),
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Lab {
    /// A namespace with an operator.
    pub async fn new() -> Self {
        let mut lab = Self::without_operator().await;
        lab.start();
        lab
    }

    /// Starts the first operator.
    pub fn start(&mut self) {
        let operator = self.start_operator();
        self.operators.push(operator);
    }

    /// A namespace alone.
    pub async fn without_operator() -> Self {
        let server = kubernetes().await;
        install(server).await;
        Self::on(server).await
    }

    /// A namespace alone, on a server of the test's own.
    pub async fn on(server: &ApiServer) -> Self {
        let namespace = server.namespace().await.name().to_owned();
        let client = Client::try_from(config_of(server.kubeconfig()).await).expect("a client");
        let cluster = account::operator(server, &client, &namespace, &[&namespace]).await;
        let config = OperatorConfig {
            namespace: namespace.clone(),
            watch_namespaces: vec![namespace.clone()],
            election: ElectionConfig { duration_seconds: 6, ..ElectionConfig::default() },
            ..OperatorConfig::default()
        };
        Self { namespace, client, config, cluster, operators: Vec::new() }
    }

    /// A namespace that is there, with an administrator's client, and what operators are started with.
    pub fn of(namespace: &str, client: &Client, config: &OperatorConfig, cluster: &Config) -> Self {
        let (client, namespace) = (client.clone(), namespace.to_owned());
        Self { namespace, client, config: config.clone(), cluster: cluster.clone(), operators: Vec::new() }
    }

    /// Starts another operator on the same namespace.
    pub fn start_operator(&self) -> Operator {
        Operator::start(self.parts())
    }

    /// What an operator of this namespace is made of.
    pub fn parts(&self) -> Parts {
        Parts::new(self.config.clone(), self.cluster.clone(), Metrics::new(), Health::new(&[WATCHES]))
    }

    /// The first operator.
    pub fn operator(&self) -> &Operator {
        self.operators.first().expect("the lab has an operator")
    }

    /// Takes the first operator away.
    pub fn take_operator(&mut self) -> Operator {
        self.operators.remove(0)
    }

    /// Applies a tenant, as `kubectl apply --server-side` does.
    pub async fn apply_tenant(&self, name: &str, spec: Value) {
        let tenant = json!({
            "apiVersion": "confab.dev/v1alpha1", "kind": "ChatTenant",
            "metadata": {"name": name, "namespace": self.namespace}, "spec": spec,
        });
        let how = PatchParams::apply("kubectl").force();
        self.tenants().patch(name, &how, &Patch::Apply(&tenant)).await.expect("the API server takes it");
    }

    pub fn tenants(&self) -> Api<DynamicObject> {
        let kind = kube::api::GroupVersionKind::gvk("confab.dev", "v1alpha1", "ChatTenant");
        let resource = kube::api::ApiResource::from_gvk_with_plural(&kind, "chattenants");
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
    }

    pub async fn tenant(&self, name: &str) -> Value {
        serde_json::to_value(self.tenants().get(name).await.expect("the tenant is there")).expect("plain data")
    }

    /// `type: status/reason` of each condition.
    pub async fn conditions(&self, name: &str) -> BTreeMap<String, String> {
        let tenant = self.tenant(name).await;
        let conditions = tenant["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let entry = |c: &Value| (text(&c["type"]), format!("{}/{}", text(&c["status"]), text(&c["reason"])));
        conditions.iter().map(entry).collect()
    }

    /// Waits until a condition of a tenant is this one, such as `False/SecretNotFound`.
    pub async fn until_condition(&self, name: &str, condition: &str, wanted: &str) {
        let what = format!("{condition} of {name} to be {wanted}");
        let is = async || self.conditions(name).await.get(condition).is_some_and(|found| found == wanted);
        assert!(eventually(is).await, "waited for {what}; it is {:#}", self.tenant(name).await["status"]);
    }

    pub fn api(&self, kind: Kind) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource(kind))
    }

    pub async fn get(&self, kind: Kind, name: &str) -> Option<Value> {
        let found = self.api(kind).get_opt(name).await.expect("the API server answers");
        found.map(|object| serde_json::to_value(object).expect("plain data"))
    }

    /// Waits until an object is there and fits.
    pub async fn until(&self, kind: Kind, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let mut last = None;
        let seen = eventually(async || {
            last = self.get(kind, name).await;
            last.as_ref().is_some_and(&fits)
        })
        .await;
        assert!(seen, "{kind:?} {name} never fitted; it is {last:#?}");
        last.expect("it was seen")
    }

    pub async fn until_gone(&self, kind: Kind, name: &str) {
        assert!(eventually(async || self.get(kind, name).await.is_none()).await, "{kind:?} {name} is still there");
    }

    pub async fn delete(&self, kind: Kind, name: &str) {
        self.api(kind).delete(name, &DeleteParams::default()).await.expect("it can be deleted");
    }

    /// Changes an object as somebody else.
    pub async fn merge(&self, kind: Kind, name: &str, patch: Value) {
        let how = PatchParams { field_manager: Some("somebody".to_owned()), ..PatchParams::default() };
        self.api(kind).patch(name, &how, &Patch::Merge(&patch)).await.expect("it can be changed");
    }

    /// Reports a status, as the controller of the object would.
    pub async fn merge_status(&self, kind: Kind, name: &str, patch: Value) {
        let how = PatchParams { field_manager: Some("somebody".to_owned()), ..PatchParams::default() };
        self.api(kind).patch_status(name, &how, &Patch::Merge(&patch)).await.expect("it can be changed");
    }

    pub async fn merge_tenant_status(&self, name: &str, patch: Value) {
        let how = PatchParams { field_manager: Some("somebody".to_owned()), ..PatchParams::default() };
        self.tenants().patch_status(name, &how, &Patch::Merge(&patch)).await.expect("it can be changed");
    }

    pub async fn merge_tenant(&self, name: &str, patch: Value) {
        let how = PatchParams { field_manager: Some("somebody".to_owned()), ..PatchParams::default() };
        self.tenants().patch(name, &how, &Patch::Merge(&patch)).await.expect("it can be changed");
    }

    /// A Secret, as a user makes it.
    pub async fn make_secret(&self, name: &str, entries: &[(&str, &str)]) {
        let data: serde_json::Map<String, Value> =
            entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": name, "namespace": self.namespace}, "stringData": data,
        });
        let how = PatchParams::apply("kubectl").force();
        self.api(Kind::Secret).patch(name, &how, &Patch::Apply(&secret)).await.expect("a Secret can be made");
    }

    /// Waits until the first operator has nothing to do, and returns its writes so far.
    pub async fn quiet(&self) -> u64 {
        Self::quiet_of(self.operator()).await
    }

    /// Waits until an operator has nothing to do, and returns its writes so far.
    pub async fn quiet_of(operator: &Operator) -> u64 {
        let reconciles = || {
            let labels = confab_operator::metrics::ReconcileLabels { result: "ok" };
            operator.metrics.reconciles.get_or_create(&labels).get()
        };
        let mut before = (operator.writes(), reconciles());
        loop {
            tokio::time::sleep(Duration::from_millis(700)).await;
            let now = (operator.writes(), reconciles());
            // Tenants whose pods are not ready are looked at again and again, and nothing is written.
            if now.0 == before.0 && now.1 > 0 {
                return now.0;
            }
            before = now;
        }
    }
}

/// Asks until it is so, or patience ends.
pub async fn eventually(mut is: impl AsyncFnMut() -> bool) -> bool {
    let asking = async {
        while !is().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.is_ok()
}

pub async fn config_of(kubeconfig: &str) -> Config {
    let parsed = Kubeconfig::from_yaml(kubeconfig).expect("a kubeconfig");
    let mut config = Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default()).await.expect("a cluster");
    confab_operator::cluster::prepare(&mut config);
    config
}

/// Installs our definitions, once.
pub async fn install(server: &ApiServer) {
    static ONCE: OnceCell<()> = OnceCell::const_new();
    ONCE.get_or_init(|| async { apply_definitions(server) }).await;
}

pub fn apply_definitions(server: &ApiServer) {
    for file in generate::files().into_iter().filter(|file| file.text.contains("kind: CustomResourceDefinition")) {
        let mut kubectl = server.kubectl();
        kubectl.args(["apply", "--server-side", "-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = kubectl.spawn().expect("kubectl starts");
        child.stdin.take().expect("it is piped").write_all(file.text.as_bytes()).expect("kubectl reads");
        assert!(child.wait().expect("kubectl ends").success());
    }
    // Until it is established a fresh definition has no conditions at all, which kubectl takes for an error.
    let established = || {
        let mut kubectl = server.kubectl();
        kubectl.args(["get", "--raw", "/apis/confab.dev/v1alpha1/chattenants"]);
        kubectl.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    assert!((0..200).any(|_| established()), "the definitions are not served");
}
