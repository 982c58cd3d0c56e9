//! A file for each object: `<folder>/<namespace>/<tenant>/<kind>-<name>.yaml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use confab_desired::Object;

use super::document;
use crate::rendering::{Objects, Outcome, Rendering};

/// The first line of every file. A file that begins otherwise is somebody else's, and is left alone.
const HEADER: &str = "# Rendered by `confab render`. Do not edit.\n";

/// Writes the files, and removes those of an earlier rendering of the same tenants that are not among them.
pub(super) fn write(folder: &Path, renderings: &[Rendering]) -> Result<()> {
    for rendering in renderings {
        let Outcome::Objects(objects) = &rendering.outcome else { continue };
        let own = folder.join(&rendering.name);
        fs::create_dir_all(&own).with_context(|| format!("{} cannot be made", own.display()))?;
        let files = files(objects);
        for (name, text) in &files {
            let path = own.join(name);
            fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
        }
        for stale in stale(&own, &files)? {
            fs::remove_file(&stale).with_context(|| format!("{} cannot be removed", stale.display()))?;
        }
        eprintln!("wrote {} files to {}", files.len(), own.display());
    }
    Ok(())
}

fn files(objects: &Objects) -> BTreeMap<String, String> {
    let name = |object: &Object| format!("{}-{}.yaml", object.kind.spelling().kind.to_lowercase(), object.name);
    let all = objects.all().into_iter();
    all.map(|(object, contents)| (name(object), format!("{HEADER}{}", document((object, contents))))).collect()
}

fn stale(folder: &Path, files: &BTreeMap<String, String>) -> Result<Vec<PathBuf>> {
    let mut stale = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry?.path();
        let is_written = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| files.contains_key(name));
        let is_ours = || fs::read_to_string(&path).is_ok_and(|text| text.starts_with(HEADER));
        if !is_written && path.extension().is_some_and(|extension| extension == "yaml") && is_ours() {
            stale.push(path);
        }
    }
    Ok(stale)
}
