//! `crdgen [--check] [FOLDER]`: writes the custom resource definitions, or says how the written ones differ.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use confab_crds::generate::{File, files, first_difference};

const USAGE: &str = "\
crdgen writes the custom resource definitions of Confab as YAML.

Usage: crdgen [--check] [FOLDER]

  FOLDER    where the files are (default: crds)
  --check   write nothing; fail if a file differs from what would be written";

fn main() -> ExitCode {
    let mut check = false;
    let mut folder = None;
    for argument in std::env::args_os().skip(1) {
        match argument.to_str() {
            Some("--check") => check = true,
            Some("-h" | "--help") => {
                eprintln!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            Some(option) if option.starts_with('-') => return refuse(&format!("unknown option {option}")),
            _ if folder.is_some() => return refuse("more than one folder"),
            _ => folder = Some(PathBuf::from(argument)),
        }
    }
    let folder = folder.unwrap_or_else(|| "crds".into());
    let mut code = ExitCode::SUCCESS;
    for file in files() {
        let done = if check { compare(&folder, &file) } else { write(&folder, &file) };
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

fn write(folder: &Path, file: &File) -> Result<(), String> {
    let path = folder.join(&file.name);
    std::fs::write(&path, &file.text).map_err(|error| format!("failed to write {}: {error}", path.display()))?;
    eprintln!("wrote {}", path.display());
    Ok(())
}

fn compare(folder: &Path, file: &File) -> Result<(), String> {
    let path = folder.join(&file.name);
    let committed =
        std::fs::read_to_string(&path).map_err(|error| format!("failed to read {}: {error}", path.display()))?;
    match first_difference(&committed, &file.text) {
        None => Ok(()),
        Some((line, committed, generated)) => Err(format!(
            "{path}:{line}: not what the Rust types say\n  - {committed}\n  + {generated}\n\
             run `cargo run -p confab-crds --bin crdgen` and commit the result",
            path = path.display()
        )),
    }
}
