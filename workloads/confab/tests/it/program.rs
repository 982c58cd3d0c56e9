//! Our programs, started as a shell would.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use confab_testbed::guardian::Guardian;
use confab_testbed::process::{Process, Signal};

/// Longest wait for anything that must come.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// Limits that no test meets.
pub const NO_LIMITS: &str = "limits: {authentication: {requests: 1000000, perSeconds: 1}}";

/// A folder of one test. It goes away with the processes that were started in it.
pub struct Scratch(Guardian);

impl Scratch {
    pub fn new() -> Self {
        Self(Guardian::new("cli").unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.folder()
    }

    /// Writes a file; gives its path.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// A tenant `default.<name>` with this domain and these further lines of its spec.
    pub fn tenant(&self, name: &str, domain: &str, more: &str) -> PathBuf {
        let kind = "apiVersion: confab.dev/v1alpha1\nkind: ChatTenant";
        let text = format!("{kind}\nmetadata: {{name: {name}}}\nspec:\n  domain: {domain}\n  {NO_LIMITS}\n  {more}\n");
        self.file(&format!("{name}.yaml"), &text)
    }

    /// Starts a program whose output goes to `<name>.log`; it ends with the scratch folder at the latest.
    pub fn start(&self, name: &str, command: Command) -> Running {
        let log = self.path().join(format!("{name}.log"));
        // What a run before this one said is its own matter.
        let _ = fs::remove_file(&log);
        let process = Process::spawn(command, &log).unwrap();
        self.0.watch(name, process.pid()).unwrap();
        Running { process, log }
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[impl AsRef<OsStr>]) -> Finished {
        self.run_with(arguments, &[], "")
    }

    /// The same with variables of the environment and standard input.
    pub fn run_with(&self, arguments: &[impl AsRef<OsStr>], environment: &[(&str, &str)], input: &str) -> Finished {
        let input = self.file("input", input);
        let mut command = confab(arguments);
        command.envs(environment.iter().copied()).current_dir(self.path()).stdin(fs::File::open(input).unwrap());
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].map(|stream| String::from_utf8(stream).unwrap()).concat();
        Finished { status: output.status, text }
    }
}

/// A program that has come to its end.
pub struct Finished {
    pub status: ExitStatus,
    /// All that it said.
    pub text: String,
}

impl Finished {
    /// It ended well; what it said.
    pub fn well(self) -> String {
        assert!(self.status.success(), "{}", self.text);
        self.text
    }

    /// It ended badly and said each of these.
    pub fn badly(self, parts: &[&str]) -> String {
        assert!(!self.status.success(), "{}", self.text);
        for part in parts {
            assert!(self.text.contains(part), "{part:?} is not in: {}", self.text);
        }
        self.text
    }
}

/// A program that runs.
pub struct Running {
    process: Process,
    log: PathBuf,
}

impl Running {
    /// What it has said so far.
    pub fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until it has said this.
    pub async fn says(&mut self, part: &str) {
        let log = self.log.clone();
        let says = || fs::read_to_string(&log).is_ok_and(|text| text.contains(part));
        let said = self.process.ready(part, PATIENCE, says).await;
        assert!(said.is_ok(), "{said:?}: {}", self.said());
    }

    /// Asks it to leave, and waits.
    pub async fn stop(&mut self) {
        self.process.signal(Signal::Term).unwrap();
        let status = self.process.wait(PATIENCE).await.unwrap();
        assert!(status.success(), "{}", self.said());
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal).unwrap();
    }

    /// Waits for an end of its own.
    pub async fn ends(&mut self) -> Finished {
        let status = self.process.wait(PATIENCE).await.unwrap();
        Finished { status, text: self.said() }
    }
}

/// `confab` with these arguments, on the loopback interface, without what the environment of the tests says.
pub fn confab(arguments: &[impl AsRef<OsStr>]) -> Command {
    clean(Command::new(env!("CARGO_BIN_EXE_confab")), arguments)
}

/// Another program of this workspace, from beside `confab`.
pub fn sibling(name: &str, arguments: &[impl AsRef<OsStr>]) -> Command {
    let path = Path::new(env!("CARGO_BIN_EXE_confab")).with_file_name(name);
    assert!(path.is_file(), "{} is missing; build it with: cargo build --workspace --bins", path.display());
    clean(Command::new(path), arguments)
}

fn clean(mut command: Command, arguments: &[impl AsRef<OsStr>]) -> Command {
    for (name, _) in std::env::vars_os() {
        let lower = name.to_string_lossy().to_lowercase();
        if lower.starts_with("confab_") || lower.ends_with("_proxy") {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// `confab up` that is ready.
pub struct Up {
    pub running: Running,
    /// `http://host:port` of its first tenant, as the banner gives it.
    pub base: String,
    /// The same for health and metrics.
    pub ops: String,
}

impl Up {
    /// On free ports, with its data in the scratch folder.
    pub async fn start(scratch: &Scratch, name: &str, arguments: &[impl AsRef<OsStr>]) -> Self {
        let mut command = confab(&["up", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"]);
        command.args(arguments).current_dir(scratch.path());
        Self::of(scratch.start(name, command)).await
    }

    /// One that was started in a way of its own.
    pub async fn of(mut running: Running) -> Self {
        running.says("Stop with Ctrl-C.").await;
        let said = running.said();
        let after = |label: &str, end: &str| {
            let (_, rest) = said.split_once(label).unwrap();
            rest.trim_start().split_once(end).unwrap().0.to_owned()
        };
        let (base, ops) = (after("\n  API", "/v1"), after("\n  health", "/readyz"));
        Self { running, base, ops }
    }
}

/// Waits until something holds, and says how long that took.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) -> Duration {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    began.elapsed()
}
