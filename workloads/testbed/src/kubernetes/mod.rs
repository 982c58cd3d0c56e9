//! Real Kubernetes API servers, without nodes: nobody runs Pods.
//!
//! - [`kubernetes`]: one shared server per test process; each test takes a [`Namespace`] of its own.
//! - [`ApiServer`]: an owned server for fault tests; stop, kill, pause, compact, start again on the same port.
//! - [`Options`]: which controllers run, whether requests are audited, further flags.
//! - [`flags`], [`Files`]: command lines and files of the servers, for whoever starts them in another way.
//! - [`Identity`]: a user: certificate, kubeconfig, `kubectl`. [`Authority`] signs for servers and users of any cluster.
//!
//! ```text
//! etcd (socket in the folder) ◄── kube-apiserver (127.0.0.1:port) ◄── kube-controller-manager, kubectl, tests
//! ```
//!
//! The programs are built from source by `make kubernetes`.

mod api_server;
mod authority;
mod etcd;
mod files;
pub mod flags;
mod http;
mod identity;
mod namespace;
mod options;
mod program;

pub use api_server::ApiServer;
pub use authority::{Authority, Certificate, SigningKey};
pub use files::Files;
pub use identity::{Identity, write_secret};
pub use namespace::Namespace;
pub use options::{Options, UPKEEP, WORKLOADS};
pub use program::{program, programs};
use tokio::sync::OnceCell;

/// The shared server of this test process, with [`Options::default`].
///
/// # Panics
/// When it cannot be started: a test without its server has failed.
pub async fn kubernetes() -> &'static ApiServer {
    static SHARED: OnceCell<ApiServer> = OnceCell::const_new();
    SHARED
        .get_or_init(|| async {
            match ApiServer::start().await {
                Ok(server) => server,
                Err(error) => panic!("no Kubernetes for tests: {error:#}"),
            }
        })
        .await
}
