//! `confab render` and `confab plan`: what the operator would make of tenant files.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use confab_desired::settings::Capabilities;

pub(super) const RENDER_EXAMPLES: &str = "\
Examples:
  confab render -f tenant.yaml
      the objects as YAML documents
  confab render -f tenant.yaml --settings operator.yaml -o dir=rendered
      a file for each object, below rendered/<namespace>/<tenant>/; the images are those of operator.yaml
  confab render -f tenant.yaml --capability gatewayAPI --capability serviceMonitor -o json
      for a cluster that knows these two and nothing else beside Kubernetes itself

Nothing is asked of a cluster. Hence: what the spec refers to is taken to be there, with servers at their usual ports; owner
references are left out, since they need the uid that the cluster gives; Secrets that the operator makes are without data, and
a comment says what goes in at the first apply. A Shared tenant has no object: a comment says what its host is told.
Exit code 0, or 2 when the input is wrong.";

pub(super) const PLAN_EXAMPLES: &str = "\
Examples:
  confab plan -f tenant.yaml
      against the cluster of the current context, as `kubectl diff` would; nothing is changed
  confab plan -f tenant.yaml --settings operator-0.2.0.yaml
      what a newer operator would do: which pods wait for its release to be let in
  confab plan -f tenant.yaml --against rendered
      against the folder of an earlier `confab render -o dir=rendered`

The cluster is read with kubectl: `get` of the ChatTenant, of its objects, and of the Secrets that the spec names, whose values
are never shown. Exit code 0 without a difference, 1 with one, more than 1 when something is wrong: as `kubectl diff`.";

/// What is rendered, and for which operator.
#[derive(Debug, Clone, Args)]
pub struct RenderingArgs {
    /// File with one or more ChatTenant documents; may be given several times.
    #[arg(short, long = "file", required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The operator's Config, or its `tenants:` section alone: release, images, keys. Default: those of this release.
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// What the cluster knows beside Kubernetes itself; may be given several times. Default: what the spec needs. A cluster
    /// that is asked says so itself.
    #[arg(long = "capability", value_name = "NAME")]
    pub capabilities: Vec<Capability>,
}

/// What somebody else's operator brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Capability {
    /// PostgreSQL clusters of CloudNativePG.
    #[value(name = "cloudNativePG")]
    CloudNativePg,
    /// Certificates of cert-manager.
    #[value(name = "certManager")]
    CertManager,
    /// HTTPRoutes.
    #[value(name = "gatewayAPI")]
    GatewayApi,
    /// ServiceMonitors of the Prometheus operator.
    #[value(name = "serviceMonitor")]
    ServiceMonitor,
}

impl RenderingArgs {
    /// What was named; nothing, if nothing was.
    pub fn capabilities(&self) -> Option<Capabilities> {
        let has = |capability| self.capabilities.contains(&capability);
        (!self.capabilities.is_empty()).then(|| Capabilities {
            cloud_native_pg: has(Capability::CloudNativePg),
            cert_manager: has(Capability::CertManager),
            gateway_api: has(Capability::GatewayApi),
            service_monitor: has(Capability::ServiceMonitor),
        })
    }
}

/// Arguments of `confab render`.
#[derive(Debug, Clone, Args)]
pub struct RenderArgs {
    /// What is rendered.
    #[command(flatten)]
    pub rendering: RenderingArgs,
    /// How: yaml, json (one List), or dir=PATH (a file for each object; files of an earlier rendering are replaced).
    #[arg(short, long, default_value = "yaml", value_name = "FORM")]
    pub output: Output,
}

/// How objects are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// YAML documents.
    Yaml,
    /// One List.
    Json,
    /// A file for each object, in this folder.
    Folder(PathBuf),
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("dir=")) {
            ("yaml", _) => Ok(Self::Yaml),
            ("json", _) => Ok(Self::Json),
            (_, Some(path)) if !path.is_empty() => Ok(Self::Folder(path.into())),
            _ => Err("write yaml, json or dir=PATH".to_owned()),
        }
    }
}

/// Arguments of `confab plan`.
#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    /// What is planned.
    #[command(flatten)]
    pub rendering: RenderingArgs,
    /// What it is compared with: live, or the folder of an earlier `confab render -o dir=`.
    #[arg(long, default_value = "live", value_name = "live|DIR")]
    pub against: Against,
    /// The kubectl that reads the cluster. Default: the one on PATH. It uses KUBECONFIG as usual.
    #[arg(long, value_name = "PATH")]
    pub kubectl: Option<PathBuf>,
    /// The context of the kubeconfig. Default: the current one.
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
}

/// What a plan is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Against {
    /// The cluster.
    Live,
    /// The folder of an earlier rendering.
    Folder(PathBuf),
}

impl FromStr for Against {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == "live" { Self::Live } else { Self::Folder(text.into()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_the_output_is_one_of_three() {
        assert_eq!("yaml".parse(), Ok(Output::Yaml));
        assert_eq!("json".parse(), Ok(Output::Json));
        assert_eq!("dir=a/b".parse(), Ok(Output::Folder("a/b".into())));
        for wrong in ["", "xml", "dir=", "dir"] {
            assert!(wrong.parse::<Output>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_folder_named_live_is_written_with_its_path() {
        assert_eq!("live".parse(), Ok(Against::Live));
        assert_eq!("./live".parse(), Ok(Against::Folder("./live".into())));
    }
}
