//! Checks a file as the API server would, and says what is wrong, where, and what to do.
//!
//! ```text
//! bytes ──► source (UTF-8, size, YAML) ──► node (tree with positions)
//!              │
//!              ├─► envelope     is it a ChatTenant at all
//!              ├─► structural   types, required and unknown fields, enums, patterns, bounds ┐ the schema of the
//!              └─► cel          the rules between fields                                    ┘ definition itself
//! ```
//!
//! Three things differ from a cluster. Unknown fields are refused, where Kubernetes drops them. A document without a
//! namespace is in `default`. And two tenants of one set may not share a name or a host name.
//!
//! All problems are collected, not only the first. As in a cluster, CEL rules are not evaluated on an object whose
//! types are wrong, and rules on changes (`oldSelf`) are evaluated by [`check_update`] alone.

mod cel;
mod document;
mod envelope;
mod node;
mod problem;
mod rulebook;
mod set;
mod shown;
mod source;
mod structural;
mod suggest;
#[cfg(test)]
mod tests;

pub use document::Document;
pub use problem::{BrokenRule, Problem};
pub use set::{check_set, check_update};
pub(crate) use structural::meaning;

use crate::ChatTenant;

/// The tenants of one file, checked alone and against each other. `source_name` is how problems name the file.
pub fn load(source_name: &str, yaml: impl AsRef<[u8]>) -> Result<Vec<ChatTenant>, Vec<Problem>> {
    load_all([(source_name, yaml)])
}

/// The tenants of several files, checked alone and against each other.
pub fn load_all<N, Y>(files: impl IntoIterator<Item = (N, Y)>) -> Result<Vec<ChatTenant>, Vec<Problem>>
where
    N: AsRef<str>,
    Y: AsRef<[u8]>,
{
    let (mut documents, mut problems) = (Vec::new(), Vec::new());
    for (name, yaml) in files {
        match load_documents(name.as_ref(), yaml) {
            Ok(found) => documents.extend(found),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        check_set(&documents)?;
        return Ok(documents.into_iter().map(Document::into_tenant).collect());
    }
    Err(problems)
}

/// The tenants of one file with their positions, for [`check_set`] and [`check_update`].
pub fn load_documents(source_name: &str, yaml: impl AsRef<[u8]>) -> Result<Vec<Document>, Vec<Problem>> {
    let trees = source::documents(source_name, yaml.as_ref()).map_err(|problem| vec![problem])?;
    let (mut documents, mut problems) = (Vec::new(), Vec::new());
    for tree in trees {
        match Document::check(source_name, tree) {
            Ok(document) => documents.push(document),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(documents) } else { Err(problems) }
}
