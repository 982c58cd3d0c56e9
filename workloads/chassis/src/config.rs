//! Reading a Config file: YAML, unknown keys refused, every problem listed with its key.

use std::path::{Path, PathBuf};

use confab_contract::config::{Checked, ConfigProblem, Secret};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

/// Why a Config cannot be used. The text names the file and the key; it never shows a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("failed to read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The text is not YAML, or a key or a value is not one that we know.
    #[error("{source_name}, line {line}: {key}: {problem}")]
    Parse {
        /// The file, or what the text was called.
        source_name: String,
        /// Dotted path of the key.
        key: String,
        /// Line of the text, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// The settings are spelled right, but contradict each other or lie outside their range.
    #[error("{source_name}: {}", list(problems))]
    Invalid {
        /// The file, or what the text was called.
        source_name: String,
        /// All problems.
        problems: Vec<ConfigProblem>,
    },
    /// A file that should hold a secret holds nothing.
    #[error("{path} is empty, it should hold a secret")]
    EmptySecret {
        /// The file.
        path: PathBuf,
    },
}

fn list(problems: &[ConfigProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Reads and checks a Config file.
pub fn load<C: DeserializeOwned + Checked>(path: &Path) -> Result<C, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    parse(&path.display().to_string(), &text)
}

/// Parses and checks the text of a Config; `source_name` is what errors call it.
pub fn parse<C: DeserializeOwned + Checked>(source_name: &str, text: &str) -> Result<C, ConfigError> {
    let config: C = deserialize(source_name, text)?;
    let problems = config.problems();
    if problems.is_empty() {
        return Ok(config);
    }
    Err(ConfigError::Invalid { source_name: source_name.to_owned(), problems })
}

fn deserialize<C: DeserializeOwned>(source_name: &str, text: &str) -> Result<C, ConfigError> {
    // A file of comments alone means "all defaults", which YAML calls null.
    let only_comments = text.lines().map(str::trim).all(|line| line.is_empty() || line.starts_with('#'));
    let document = if only_comments { "{}" } else { text };
    serde_path_to_error::deserialize(yaml_serde::Deserializer::from_str(document)).map_err(|error| {
        let key = error.path().to_string();
        let cause = error.into_inner();
        let line = cause.location().map_or(1, |location| location.line());
        ConfigError::Parse { source_name: source_name.to_owned(), problem: problem_of(&key, &cause), key, line }
    })
}

/// The parser's own words without the path and the position, which the error shows by itself.
fn problem_of(key: &str, cause: &yaml_serde::Error) -> String {
    let text = cause.to_string();
    let text = text.split_once(" at line ").map_or(text.as_str(), |(before, _)| before);
    let parent = key.rsplit_once('.').map_or(key, |(parent, _)| parent);
    let without_path = [key, parent].iter().find_map(|path| text.strip_prefix(&format!("{path}: ")));
    without_value(without_path.unwrap_or(text))
}

/// The parser quotes the text that it found where something else belongs. That may be a secret: an address with its
/// password in the wrong place, or a file of a key given for a Config.
fn without_value(problem: &str) -> String {
    let (Some(start), Some(end)) = (problem.find("string \""), problem.rfind("\", expected")) else {
        return problem.to_owned();
    };
    format!("{}a text{}", &problem[..start], problem.get(end + 1..).unwrap_or_default())
}

/// Where a secret is: a text, or a file that may be written anew while the process runs, as Kubernetes does with those that
/// it mounts.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// This text.
    Text(SecretString),
    /// Whatever the file holds at the moment.
    File(PathBuf),
}

impl SecretSource {
    /// The one that a Config gives inline or names a file for.
    pub fn of(inline: Option<&Secret>, file: Option<&Path>) -> Option<Self> {
        match (inline, file) {
            (Some(secret), _) => Some(Self::Text(SecretString::from(secret.expose()))),
            (None, Some(file)) => Some(Self::File(file.to_owned())),
            (None, None) => None,
        }
    }

    /// The secret as it is at this moment; the file's last line break does not count.
    pub fn read(&self) -> Result<SecretString, ConfigError> {
        let path = match self {
            Self::Text(secret) => return Ok(secret.clone()),
            Self::File(path) => path,
        };
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.clone(), source })?;
        let secret = text.trim_end_matches(['\r', '\n']);
        if secret.is_empty() {
            return Err(ConfigError::EmptySecret { path: path.clone() });
        }
        Ok(SecretString::from(secret))
    }
}

impl From<SecretString> for SecretSource {
    fn from(secret: SecretString) -> Self {
        Self::Text(secret)
    }
}

impl From<&SecretString> for SecretSource {
    fn from(secret: &SecretString) -> Self {
        Self::Text(secret.clone())
    }
}

#[cfg(test)]
mod tests {
    use confab_contract::config::messaging::MessagingConfig;
    use secrecy::ExposeSecret as _;

    use super::*;

    fn complaint(text: &str) -> String {
        parse::<MessagingConfig>("messaging.yaml", text).unwrap_err().to_string()
    }

    const GOOD: &str = "master_key_file: /key\ndatabase:\n  sqlite_file: /db\n";

    #[test]
    fn a_good_config_is_read_with_its_defaults() {
        let config: MessagingConfig = parse("messaging.yaml", GOOD).unwrap();
        assert_eq!(config.http.read_timeout_seconds, 15);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_path_and_line() {
        let text = complaint(&format!("{GOOD}http:\n  lisen: 0.0.0.0:1\n"));
        assert!(text.starts_with("messaging.yaml, line 5: http.lisen: unknown field"), "{text}");
    }

    #[test]
    fn a_wrong_type_is_named_with_its_path_and_line() {
        let text = complaint(&format!("{GOOD}drain:\n  deadline_seconds: soon\n"));
        assert!(text.starts_with("messaging.yaml, line 5: drain.deadline_seconds: invalid type"), "{text}");
    }

    #[test]
    fn a_value_in_the_wrong_place_is_not_shown() {
        let misplaced = [
            "database: postgres://ada:canary@db/confab\n",
            "canary-which-is-a-whole-key-file=\n",
            "drain:\n  deadline_seconds: 'canary\", expected a canary'\n",
            "bus: 'redis://:canary@cache'\n",
        ];
        for text in misplaced {
            let said = complaint(text);
            assert!(!said.contains("canary") && said.contains("a text"), "{said}");
        }
    }

    #[test]
    fn every_problem_is_listed() {
        let text = complaint("drain:\n  deadline_seconds: 0\n");
        for key in ["drain.deadline_seconds", "master_key_file", "database.url"] {
            assert!(text.contains(key), "{text}");
        }
    }

    #[test]
    fn a_file_of_comments_means_all_defaults() {
        let text = complaint("# nothing here\n\n");
        assert!(text.contains("master_key_file"), "{text}");
    }

    #[test]
    fn text_that_is_no_yaml_is_refused_with_its_line() {
        let text = complaint("http:\n  listen: [\n");
        assert!(text.starts_with("messaging.yaml, line "), "{text}");
    }

    #[test]
    fn a_secret_comes_from_the_file_without_its_last_line_break() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "postgres://u:p@h/d\n").unwrap();
        let source = SecretSource::of(None, Some(file.path())).unwrap();
        assert_eq!(source.read().unwrap().expose_secret(), "postgres://u:p@h/d");
        std::fs::write(file.path(), "postgres://u:new@h/d").unwrap();
        assert_eq!(source.read().unwrap().expose_secret(), "postgres://u:new@h/d", "it was written anew");
    }

    #[test]
    fn an_empty_secret_file_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let source = SecretSource::of(None, Some(file.path())).unwrap();
        assert!(matches!(source.read(), Err(ConfigError::EmptySecret { .. })));
    }
}
