//! What Argo CD is taught of a ChatTenant, as a patch of its ConfigMap. The scripts lie in the layout of Argo CD's own
//! `resource_customizations`. Keys: <https://argo-cd.readthedocs.io/en/stable/operator-manual/health/> and `…/resource_actions/`.

macro_rules! script {
    ($path:literal) => {
        include_str!(concat!("../../../../config/gitops/argocd/resource_customizations/confab.dev/ChatTenant/", $path))
    };
}

const HEALTH: &str = script!("health.lua");
const DISCOVERY: &str = script!("actions/discovery.lua");
const ACTIONS: [(&str, &str); 6] = [
    ("hibernate", script!("actions/hibernate/action.lua")),
    ("wake", script!("actions/wake/action.lua")),
    ("pause", script!("actions/pause/action.lua")),
    ("resume", script!("actions/resume/action.lua")),
    ("restart", script!("actions/restart/action.lua")),
    ("release", script!("actions/release/action.lua")),
];

pub(super) fn config_map() -> String {
    let definition =
        |(name, action): &(&str, &str)| format!("    - name: {name}\n      action.lua: |\n{}", indented(8, action));
    let definitions = ACTIONS.iter().map(definition).collect::<Vec<_>>().concat();
    format!(
        "apiVersion: v1
kind: ConfigMap
metadata:
  name: argocd-cm
  namespace: argocd
data:
  resource.customizations.health.confab.dev_ChatTenant: |
{}  resource.customizations.actions.confab.dev_ChatTenant: |
    discovery.lua: |
{}    definitions:
{definitions}",
        indented(4, HEALTH),
        indented(6, DISCOVERY)
    )
}

fn indented(by: usize, text: &str) -> String {
    let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("{:by$}{line}\n", "") };
    text.lines().map(line).collect()
}
