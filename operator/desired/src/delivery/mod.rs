//! The generated files of an installation: roles for kubectl and for the chart, a page on them, what Argo CD is taught.

mod argocd;
mod page;
pub mod roles;

use confab_crds::generate::File;

/// Where `config/` installs the operator.
pub const NAMESPACE: &str = "confab-system";

/// Every generated file, by its path from the root of the repository.
pub fn files() -> Vec<File> {
    let generated =
        |source: &str, text: String| format!("# Generated from {source} by `make generate`. Do not edit.\n{text}");
    let table = |text: String| generated("operator/desired/src/permissions", text);
    vec![
        file("config/rbac/everywhere.yaml", table(roles::everywhere(NAMESPACE))),
        file("config/rbac/own.yaml", table(roles::own(NAMESPACE))),
        file("config/rbac/namespace/role.yaml", table(roles::namespace(None, NAMESPACE))),
        file("charts/confab/templates/_rules.tpl", roles::template()),
        file("docs/permissions.md", page::text()),
        file("config/gitops/argocd/argocd-cm.yaml", generated("resource_customizations", argocd::config_map())),
    ]
}

fn file(path: &str, text: String) -> File {
    File { path: path.to_owned(), text }
}

#[cfg(test)]
mod tests;
