//! What a check found, and how the findings are shown.

use std::io::{self, Write};

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Well,
    /// Works, but could be better.
    Hint,
    /// Will not work, or not safely.
    Mend,
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How grave.
    pub level: Level,
    /// What was checked, in a word or two.
    pub topic: String,
    /// What was found.
    pub found: String,
    /// What to do about it; empty when all is well.
    pub cure: String,
}

impl Finding {
    /// All is well.
    pub fn well(topic: &str, found: impl Into<String>) -> Self {
        Self { level: Level::Well, topic: topic.to_owned(), found: found.into(), cure: String::new() }
    }

    /// It could be better.
    pub fn hint(topic: &str, found: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { level: Level::Hint, topic: topic.to_owned(), found: found.into(), cure: cure.into() }
    }

    /// It must be mended.
    pub fn mend(topic: &str, found: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { level: Level::Mend, topic: topic.to_owned(), found: found.into(), cure: cure.into() }
    }
}

/// Prints the findings, a line or two each; says whether something must be mended.
pub fn report(mut out: impl Write, findings: &[Finding]) -> io::Result<bool> {
    for Finding { level, topic, found, cure } in findings {
        let mark = match level {
            Level::Well => "ok  ",
            Level::Hint => "hint",
            Level::Mend => "MEND",
        };
        writeln!(out, "{mark}  {topic}: {found}")?;
        if !cure.is_empty() {
            writeln!(out, "      → {cure}")?;
        }
    }
    Ok(findings.iter().any(|finding| finding.level == Level::Mend))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_must_be_mended_fails_the_doctor() {
        let hint = Finding::hint("open files", "1024", "raise it");
        assert!(!report(Vec::new(), std::slice::from_ref(&hint)).expect("a Vec takes everything"));
        assert!(
            report(Vec::new(), &[hint, Finding::mend("port", "taken", "free it")]).expect("a Vec takes everything")
        );
    }
}
