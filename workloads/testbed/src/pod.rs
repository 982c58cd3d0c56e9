//! A container of a pod, run as a process of this machine: what a kubelet mounts lies in a folder, and ports are those of
//! the loopback interface.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::guardian::Guardian;
use crate::process::{Process, Signal};

/// Longer than a start takes on a busy machine.
const DEADLINE: Duration = Duration::from_mins(1);

/// What a container is made of. No mount may lie within another.
#[derive(Debug, Clone)]
pub struct Container {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Files that are mounted: absolute path in the pod, and content.
    pub files: Vec<(String, Vec<u8>)>,
    /// Folders that are mounted, empty at first.
    pub folders: Vec<String>,
    /// Ports that the container listens on at every address, each with the one of the loopback interface that it gets.
    pub ports: Vec<(u16, u16)>,
}

/// A running container. It ends with this value, or with the process.
#[derive(Debug)]
pub struct Pod {
    guardian: Guardian,
    container: Container,
    process: Option<Process>,
}

impl Pod {
    /// Lays out the files and starts the program.
    pub fn start(container: Container) -> Result<Self> {
        let guardian = Guardian::new("pod")?;
        let mut pod = Self { guardian, container, process: None };
        for folder in pod.container.folders.clone() {
            fs::create_dir_all(pod.place(&folder)).with_context(|| format!("{folder} cannot be made"))?;
        }
        for (path, content) in pod.container.files.clone() {
            pod.write(&path, &content)?;
        }
        pod.start_again()?;
        Ok(pod)
    }

    /// Starts a container that has ended, with the files that it has now.
    pub fn start_again(&mut self) -> Result<()> {
        let mut command = Command::new(&self.container.program);
        command.args(self.container.args.iter().map(|arg| self.translate(arg)));
        let process = Process::spawn(command, &self.log())?;
        self.guardian.watch("container", process.pid())?;
        self.process = Some(process);
        Ok(())
    }

    /// Where a port of the container is reached.
    ///
    /// # Panics
    /// When the container has no such port.
    pub fn address(&self, port: u16) -> SocketAddr {
        let (_, ours) =
            self.container.ports.iter().find(|(theirs, _)| *theirs == port).expect("a port of the container");
        SocketAddr::from((Ipv4Addr::LOCALHOST, *ours))
    }

    /// Waits until it is so, or the program ends.
    pub async fn ready(&mut self, what: &str, is: impl FnMut() -> bool) -> Result<()> {
        let log = self.log();
        let process = self.process.as_mut().context("it does not run")?;
        process.ready(what, DEADLINE, is).await.with_context(|| fs::read_to_string(log).unwrap_or_default())
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.process.as_ref().context("it does not run")?.signal(signal)
    }

    /// What it has logged.
    pub fn log(&self) -> PathBuf {
        self.guardian.folder().join("log")
    }

    /// Mounts a file with another content.
    pub fn write(&self, path: &str, content: &[u8]) -> Result<()> {
        let place = self.place(path);
        fs::create_dir_all(place.parent().unwrap_or(Path::new("/")))?;
        // Settings that are text name other files and ports.
        let content = match std::str::from_utf8(content) {
            Ok(text) => self.translate(text).into_bytes(),
            Err(_) => content.to_vec(),
        };
        fs::write(&place, content).with_context(|| format!("{} cannot be written", place.display()))
    }

    fn place(&self, path: &str) -> PathBuf {
        self.guardian.folder().join("root").join(path.trim_start_matches('/'))
    }

    /// Paths of mounts become paths in the folder, ports at every address become those of the loopback interface.
    fn translate(&self, text: &str) -> String {
        let mut text = text.to_owned();
        let files = self.container.files.iter().map(|(path, _)| path).chain(&self.container.folders);
        for path in files {
            text = text.replace(path.as_str(), &self.place(path).display().to_string());
        }
        for (theirs, ours) in &self.container.ports {
            text = text.replace(&format!("0.0.0.0:{theirs}"), &format!("127.0.0.1:{ours}"));
        }
        text
    }
}
