//! Finds the programs that `e2e/kubernetes/build.sh` has built from source.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

/// Path of a program such as `kube-apiserver`. A later build of another version does not change what it leads to.
pub fn program(name: &str) -> Result<PathBuf> {
    let link = programs()?.join(name);
    link.canonicalize().with_context(|| {
        format!("{} is missing; build it with: make kubernetes (or, for a whole node: .ci/deps node)", link.display())
    })
}

/// The folder that has them all; what lies there changes with each build of another version.
pub fn programs() -> Result<PathBuf> {
    folder(env::var_os("XDG_CACHE_HOME"), env::var_os("HOME"))
}

/// As the build script has it.
fn folder(cache: Option<OsString>, home: Option<OsString>) -> Result<PathBuf> {
    let cache = cache.filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let home = home.map(|folder| PathBuf::from(folder).join(".cache"));
    let cache = cache.or(home).context("neither XDG_CACHE_HOME nor HOME is set")?;
    Ok(cache.join("confab/kubernetes/bin"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_an_error_that_says_how_to_build_it() {
        let error = format!("{:#}", program("no-such-program").unwrap_err());
        assert!(error.contains("no-such-program") && error.contains("make kubernetes"), "{error}");
    }

    #[test]
    fn programs_lie_in_the_cache_folder_of_the_account() {
        let found = |cache: Option<&str>| folder(cache.map(Into::into), Some("/home/me".into())).unwrap();
        assert_eq!(found(None), PathBuf::from("/home/me/.cache/confab/kubernetes/bin"));
        assert_eq!(found(Some("")), found(None));
        assert_eq!(found(Some("/caches")), PathBuf::from("/caches/confab/kubernetes/bin"));
    }
}
