//! Finds our programs beside this one.

use std::env;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

/// Which build of `confab` to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Build {
    /// The product.
    #[default]
    Honest,
    /// The one with built-in faults that the checker must catch.
    Sabotaged,
}

impl Build {
    /// The program of this build.
    pub fn confab(self) -> Result<PathBuf> {
        match self {
            Self::Honest => find("confab", "cargo build --workspace --bins"),
            Self::Sabotaged => {
                find("confab-sabotaged", "cargo build -p confab --features sabotage --bin confab-sabotaged")
            }
        }
    }
}

/// A program of this workspace, built with the same profile as this one.
pub fn find(name: &str, how: &str) -> Result<PathBuf> {
    let folder = folder()?;
    let path = folder.join(name);
    if !path.is_file() {
        let release = if folder.ends_with("release") { " --release" } else { "" };
        bail!("{} is missing; build it with: {how}{release}", path.display());
    }
    Ok(path)
}

/// Where this profile's programs lie: `target/<profile>`.
pub fn folder() -> Result<PathBuf> {
    let own = env::current_exe().context("this program has no path")?;
    let folder = own.parent().context("this program lies in no folder")?;
    // Test programs lie one deeper.
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    Ok(folder.to_owned())
}
