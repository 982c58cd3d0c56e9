//! What the cluster can do beside Kubernetes itself: which of the optional kinds are installed.

use confab_desired::Kind;
use confab_desired::settings::Capabilities;
use kube::Client;

/// The optional kinds that the API server knows now. One request, and one more for each group that is there.
pub async fn capabilities(client: &Client) -> Result<Capabilities, kube::Error> {
    let groups = client.list_api_groups().await?;
    let mut found = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_optional()) {
        let spelling = kind.spelling();
        let version = spelling.api_version();
        let there = groups
            .groups
            .iter()
            .filter(|group| group.name == spelling.group)
            .any(|group| group.versions.iter().any(|known| known.group_version == version));
        if there && has_kind(client, &version, spelling.kind).await? {
            found.push(kind);
        }
    }
    let has = |kind| found.contains(&kind);
    Ok(Capabilities {
        cloud_native_pg: has(Kind::Cluster),
        cert_manager: has(Kind::Certificate),
        gateway_api: has(Kind::HttpRoute),
        service_monitor: has(Kind::ServiceMonitor),
    })
}

async fn has_kind(client: &Client, version: &str, kind: &str) -> Result<bool, kube::Error> {
    match client.list_api_group_resources(version).await {
        Ok(list) => Ok(list.resources.iter().any(|resource| resource.kind == kind)),
        // The group went away between the two requests.
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
        Err(error) => Err(error),
    }
}
