//! The command line of a program that writes generated files: `[--check] [ROOT]`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{File, first_difference};

/// Writes the files below the root that the arguments name, or, with `--check`, says how the committed ones differ.
pub fn run(name: &str, what: &str, files: &[File]) -> ExitCode {
    let usage = format!(
        "{name} writes {what}.

Usage: {name} [--check] [ROOT]

  ROOT      root of the repository (default: .)
  --check   write nothing; fail if a file differs from what would be written"
    );
    let refuse = |reason: &str| {
        eprintln!("{name}: {reason}\n\n{usage}");
        ExitCode::from(2)
    };
    let mut check = false;
    let mut root = None;
    for argument in std::env::args_os().skip(1) {
        match argument.to_str() {
            Some("--check") => check = true,
            Some("-h" | "--help") => {
                eprintln!("{usage}");
                return ExitCode::SUCCESS;
            }
            Some(option) if option.starts_with('-') => return refuse(&format!("unknown option {option}")),
            _ if root.is_some() => return refuse("more than one folder"),
            _ => root = Some(PathBuf::from(argument)),
        }
    }
    let root = root.unwrap_or_else(|| ".".into());
    let mut code = ExitCode::SUCCESS;
    for file in files {
        let done = if check { compare(&root, file) } else { write(&root, file) };
        if let Err(fault) = done {
            eprintln!("{name}: {fault}");
            code = ExitCode::FAILURE;
        }
    }
    code
}

fn write(root: &Path, file: &File) -> Result<(), String> {
    let path = root.join(&file.path);
    let failed = |error| format!("failed to write {}: {error}", path.display());
    std::fs::create_dir_all(path.parent().unwrap_or(root)).map_err(failed)?;
    std::fs::write(&path, &file.text).map_err(failed)?;
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
            "{path}:{line}: not what the code says\n  - {committed}\n  + {generated}\n\
             run `make generate` and commit the result",
            path = path.display()
        )),
    }
}
