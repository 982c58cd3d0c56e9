//! The generated files: what `crdgen` writes, what `kubectl apply -f crds/` reads, and what people read.

pub mod command;
mod definition;
mod page;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

use crate::ChatTenant;

/// One generated file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path from the root of the repository, such as `crds/chattenants.confab.dev.yaml`.
    pub path: String,
    /// All of its text.
    pub text: String,
}

/// Every definition of this crate.
pub fn definitions() -> Vec<CustomResourceDefinition> {
    vec![ChatTenant::crd()]
}

/// Every definition as a file, and a page that describes it.
pub fn files() -> Vec<File> {
    definitions().iter().flat_map(|definition| [definition::file(definition), page::file(definition)]).collect()
}

/// The definitions again, for those who read nothing outside their own folder: kustomize and Helm.
pub fn copies() -> Vec<File> {
    definitions().iter().flat_map(definition::copies).collect()
}

/// Where two texts part: the line's number, and that line of each. `None` when they are the same.
pub fn first_difference<'a>(committed: &'a str, generated: &'a str) -> Option<(usize, &'a str, &'a str)> {
    if committed == generated {
        return None;
    }
    let (mut left, mut right) = (committed.lines(), generated.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (left.next(), right.next()) {
            (Some(a), Some(b)) if a == b => {}
            (a, b) => return Some((number, a.unwrap_or("(end)"), b.unwrap_or("(end)"))),
        }
    }
}
