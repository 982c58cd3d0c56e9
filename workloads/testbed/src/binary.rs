//! Finds server programs on this machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// Where Debian puts the programs of its Postgres versions.
const POSTGRES_VERSIONS: &str = "/usr/lib/postgresql";

/// The program's path: in the newest of Debian's Postgres folders, or on `PATH`.
pub fn find(program: &str, package: &str) -> Result<PathBuf> {
    let on_path = env::var_os("PATH").unwrap_or_default();
    let debian = postgres_folders();
    let folders = debian.into_iter().chain(env::split_paths(&on_path));
    for folder in folders {
        let candidate = folder.join(program);
        if candidate.is_file() {
            return Ok(candidate);
        }
    }
    bail!("{program} is not on this machine; install the Debian package {package} (make deps)")
}

fn postgres_folders() -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(POSTGRES_VERSIONS) else { return Vec::new() };
    let mut versions: Vec<PathBuf> = entries.flatten().map(|entry| entry.path().join("bin")).collect();
    let number = |path: &Path| {
        let version = path.parent()?.file_name()?.to_str()?;
        version.parse::<u32>().ok()
    };
    versions.sort_by_key(|path| std::cmp::Reverse(number(path)));
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_an_error_that_names_the_package() {
        let error = find("no-such-server", "no-such-package").unwrap_err().to_string();
        assert!(error.contains("no-such-server") && error.contains("no-such-package"), "{error}");
    }
}
