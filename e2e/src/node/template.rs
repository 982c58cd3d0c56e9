//! Fills the files of a node.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// Replaces each `{{name}}` by its value; one without a value is an error.
pub fn fill(template: &str, values: &[(&str, String)]) -> Result<String> {
    let mut text = template.to_owned();
    for (name, value) in values {
        text = text.replace(&format!("{{{{{name}}}}}"), value);
    }
    if let Some((_, rest)) = text.split_once("{{") {
        bail!("nothing is known of {{{{{}", rest.lines().next().unwrap_or_default());
    }
    Ok(text)
}

/// Writes a file; an error names it.
pub fn write(file: &Path, content: &str) -> Result<()> {
    fs::write(file, content).with_context(|| format!("{} cannot be written", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_gets_its_value_or_is_an_error() {
        let values = [("a", "1".to_owned()), ("b", "2".to_owned())];
        assert_eq!(fill("{{a}}-{{b}}-{{a}} {c} {[{}]}", &values).unwrap(), "1-2-1 {c} {[{}]}");
        assert!(fill("{{a}} {{c}}", &values).unwrap_err().to_string().contains("{{c}}"));
    }
}
