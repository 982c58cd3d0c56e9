//! `confab generate`: writes the documents that are made from code, or checks that the committed ones are up to date.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::cli::GenerateArgs;

/// Writes or checks; `true` when nothing differs.
pub fn run(args: &GenerateArgs) -> Result<bool> {
    let mut well = true;
    for (path, text) in documents()? {
        let path = args.root.join(path);
        let committed = fs::read_to_string(&path).unwrap_or_default();
        if committed == text {
            continue;
        }
        if args.check {
            eprintln!("{} is out of date; run `make generate`", path.display());
            well = false;
        } else {
            fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
            eprintln!("wrote {}", path.display());
        }
    }
    Ok(well)
}

fn documents() -> Result<Vec<(PathBuf, String)>> {
    let mut openapi = serde_json::to_string_pretty(&confab_messaging::openapi())?;
    let mut asyncapi = serde_json::to_string_pretty(&confab_presence::asyncapi())?;
    openapi.push('\n');
    asyncapi.push('\n');
    Ok(vec![
        ("docs/openapi.json".into(), openapi),
        ("docs/asyncapi.json".into(), asyncapi),
        ("docs/conditions.md".into(), confab_desired::reason::document()),
    ])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_committed_documents_are_what_the_code_says() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        assert!(run(&GenerateArgs { root, check: true }).expect("readable"), "run `make generate`");
    }
}
