//! `crdgen [--check] [ROOT]`: writes the custom resource definitions and their pages, or says how the written ones differ.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use confab_crds::generate::{File, files, first_difference};

const USAGE: &str = "\
crdgen writes the custom resource definitions of Confab as YAML (crds/), and a page on each (docs/).

Usage: crdgen [--check] [ROOT]

  ROOT      root of the repository (default: .)
  --check   write nothing; fail if a file differs from what would be written";

fn main() -> ExitCode {
    let mut check = false;
    let mut root = None;
    for argument in std::env::args_os().skip(1) {
        match argument.to_str() {
            Some("--check") => check = true,
            Some("-h" | "--help") => {
                eprintln!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            Some(option) if option.starts_with('-') => return refuse(&format!("unknown option {option}")),
            _ if root.is_some() => return refuse("more than one folder"),
            _ => root = Some(PathBuf::from(argument)),
        }
    }
    let root = root.unwrap_or_else(|| ".".into());
    let mut code = ExitCode::SUCCESS;
    for file in files() {
        let done = if check { compare(&root, &file) } else { write(&root, &file) };
        if let Err(fault) = done {
            eprintln!("crdgen: {fault}");
            code = ExitCode::FAILURE;
        }
    }
    code
}

fn refuse(reason: &str) -> ExitCode {
    eprintln!("crdgen: {reason}\n\n{USAGE}");
    ExitCode::from(2)
}

fn write(root: &Path, file: &File) -> Result<(), String> {
    let path = root.join(&file.path);
    std::fs::write(&path, &file.text).map_err(|error| format!("failed to write {}: {error}", path.display()))?;
    eprintln!("wrote {}", path.display());
    Ok(())
}

fn compare(root: &Path, file: &File) -> Result<(), String> {
    let path = root.join(&file.path);
    let committed =
        std::fs::read_to_string(&path).map_err(|error| format!("failed to read {}: {error}", path.display()))?;
    match first_difference(&committed, &file.text) {
        None => Ok(()),
        Some((line, committed, generated)) => Err(format!(
            "{path}:{line}: not what the Rust types say\n  - {committed}\n  + {generated}\n\
             run `make generate` and commit the result",
            path = path.display()
        )),
    }
}
