//! The store below an API server.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::flags;
use super::http::{PATIENCE, exchange};
use super::program::program;
use crate::guardian::Guardian;
use crate::process::Process;

const DEADLINE: Duration = Duration::from_secs(30);
/// A key of ours beside those of the API server, and its value, in base64.
const MARK: &str = r#"{"key": "Y29uZmFi", "value": "Y29uZmFi"}"#;

/// An etcd that only the owner of its folder can reach: it listens on sockets there, and on no port.
#[derive(Debug)]
pub struct Etcd {
    socket: PathBuf,
    process: Process,
}

impl Etcd {
    /// Starts one in the guardian's folder.
    pub async fn start(guardian: &Guardian) -> Result<Self> {
        let folder = guardian.folder();
        let mut command = Command::new(program("etcd")?);
        command.args(flags::ETCD).current_dir(folder);
        let process = Process::spawn(command, &folder.join("etcd.log"))?;
        guardian.watch("etcd", process.pid())?;
        let etcd = Self { socket: folder.join(flags::ETCD_SOCKET), process };
        etcd.ready().await
    }

    async fn ready(mut self) -> Result<Self> {
        let socket = self.socket.clone();
        self.process.ready("etcd answers", DEADLINE, || ask(&socket, "/v3/maintenance/status", "{}").is_ok()).await?;
        Ok(self)
    }

    /// As the API server is told of it.
    pub fn url(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// Forgets every version but the present ones.
    pub fn compact(&self) -> Result<()> {
        // A watch may go on from the newest version that is forgotten, so there must be newer ones than what clients have seen.
        ask(&self.socket, "/v3/kv/put", MARK)?;
        let revision = revision(&ask(&self.socket, "/v3/kv/put", MARK)?).context("etcd names no revision")?;
        ask(&self.socket, "/v3/kv/compaction", &format!(r#"{{"revision": "{revision}", "physical": true}}"#))
            .map(|_| ())
    }
}

fn ask(socket: &Path, path: &str, body: &str) -> Result<String> {
    let stream = UnixStream::connect(socket).context("etcd does not listen")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let answer = exchange(stream, "POST", path, body)?;
    if !answer.is_success() {
        bail!("etcd refuses {path}: {}", answer.body);
    }
    Ok(answer.body)
}

/// The number behind `"revision":"` in the header of every answer.
fn revision(answer: &str) -> Option<u64> {
    let (_, rest) = answer.split_once(r#""revision":""#)?;
    rest.split('"').next()?.parse().ok()
}
