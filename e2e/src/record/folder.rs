//! A run on disk: one file of JSON lines per kind of evidence.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Evidence;

const SETTINGS: &str = "conversations.jsonl";
const OPERATIONS: &str = "operations.jsonl";
const SUBSCRIBERS: &str = "subscribers.jsonl";
const FOLLOWERS: &str = "followers.jsonl";
const HISTORIES: &str = "histories.jsonl";
const STANDINGS: &str = "standings.jsonl";

/// Writes all evidence into `folder`.
pub fn write_evidence(folder: &Path, evidence: &Evidence) -> anyhow::Result<()> {
    write(&folder.join(SETTINGS), evidence.conversations.iter())?;
    write(&folder.join(OPERATIONS), evidence.operations.iter())?;
    write(&folder.join(SUBSCRIBERS), evidence.subscribers.iter())?;
    write(&folder.join(FOLLOWERS), evidence.followers.iter())?;
    write(&folder.join(HISTORIES), evidence.histories.iter())?;
    write(&folder.join(STANDINGS), evidence.standings.iter())
}

/// Reads back what [`write_evidence`] wrote.
pub fn read_evidence(folder: &Path) -> anyhow::Result<Evidence> {
    Ok(Evidence {
        conversations: read(&folder.join(SETTINGS))?.into_iter().collect(),
        operations: read(&folder.join(OPERATIONS))?,
        subscribers: read(&folder.join(SUBSCRIBERS))?,
        followers: read(&folder.join(FOLLOWERS))?,
        histories: read(&folder.join(HISTORIES))?,
        standings: read(&folder.join(STANDINGS))?,
    })
}

fn write<T: Serialize>(path: &Path, lines: impl Iterator<Item = T>) -> anyhow::Result<()> {
    let mut file = BufWriter::new(File::create(path).with_context(|| format!("unable to create {}", path.display()))?);
    for line in lines {
        serde_json::to_writer(&mut file, &line)?;
        file.write_all(b"\n")?;
    }
    file.flush()?;
    Ok(())
}

fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Vec<T>> {
    let file = File::open(path).with_context(|| format!("unable to open {}", path.display()))?;
    BufReader::new(file).lines().map(|line| Ok(serde_json::from_str(&line?)?)).collect()
}
