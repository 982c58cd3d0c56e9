//! A cluster as an administrator prepares it: our definitions by their chart, the optional kinds, a few namespaces.

use std::path::PathBuf;

use confab_testbed::kubernetes::{ApiServer, Options};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::helm::{Helm, chart};
use super::schemas;
use crate::kinds;
use crate::kubectl::kubectl;

/// Namespaces with Pod Security "restricted".
const NAMESPACES: [&str; 7] = ["system", "whole", "tenants", "more", "cells", "confab-system", "limited"];

/// What deletion and fresh namespaces need, and what adds rights to the roles that people have.
const CONTROLLERS: &[&str] = &[
    "garbage-collector-controller",
    "namespace-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "clusterrole-aggregation-controller",
];

/// The cluster, and schemas of all that it knows.
pub struct Site {
    pub server: ApiServer,
    folder: TempDir,
}

impl Site {
    /// Helm as the administrator.
    pub fn helm(&self) -> Helm {
        Helm::with(self.server.kubeconfig_file())
    }

    /// kubectl as the administrator.
    pub fn kubectl(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        kubectl(self.server.kubectl(), arguments, input)
    }

    /// Schemas of every kind.
    pub fn schemas(&self) -> PathBuf {
        self.folder.path().to_owned()
    }
}

/// The one of this test process.
pub async fn site() -> &'static Site {
    static SHARED: OnceCell<Site> = OnceCell::const_new();
    SHARED.get_or_init(prepare).await
}

async fn prepare() -> Site {
    let options = Options { controllers: CONTROLLERS, ..Options::default() };
    let server = ApiServer::start_with(options).await.expect("an API server");
    let site = Site { server, folder: TempDir::new().expect("a folder") };
    let namespace = |name: &&str| {
        let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    };
    let namespaces: Vec<_> = NAMESPACES.iter().map(namespace).collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": namespaces});
    site.kubectl(&["apply", "-f", "-"], &list.to_string()).expect("namespaces");
    kinds::install(&site.server);
    site.helm().run(&["install", "confab-crds", &chart("confab-crds"), "-n", "system"]).expect("the definitions");
    described(&site).await;
    schemas::write(&site.server, &site.schemas());
    site
}

/// A new kind is described a moment after it is there.
async fn described(site: &Site) {
    let is = async || site.kubectl(&["explain", "--api-version=confab.dev/v1alpha1", "chattenants.spec"], "").is_ok();
    assert!(crate::lab::eventually(is).await, "the server does not describe our kind");
}
