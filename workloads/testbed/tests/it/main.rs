//! The testbed itself: its servers answer, survive what tests do to them, and never outlive the test process.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod kubernetes;

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use confab_testbed::process::eventually;
use confab_testbed::{Database, PostgresServer, RedisServer, StopMode, postgres};

const DEADLINE: Duration = Duration::from_secs(20);
/// Set in the child processes of the last test: they start servers and then end as this says.
const VICTIM: &str = "CONFAB_TESTBED_VICTIM";

fn port_of(url: &str) -> u16 {
    let after_host = url.rsplit_once("127.0.0.1:").unwrap().1;
    after_host.split('/').next().unwrap().parse().unwrap()
}

fn accepts(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// A session over TCP, as users have it.
fn session(url: &str) -> Command {
    let mut command = Command::new("psql");
    command.args(["-X", "-q", "-t", "-A", url]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// What the server answers to a statement.
fn answer(url: &str, statement: &str) -> String {
    let output = session(url).args(["-c", statement]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The lines of the server's lock file: process id first, key and id of its shared memory on the seventh.
fn lock_file(server: &PostgresServer) -> Vec<String> {
    let data = server.log().parent().unwrap().join("data/postmaster.pid");
    fs::read_to_string(data).unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn each_test_gets_a_database_of_its_own() {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..10 {
        tasks.spawn(async { postgres().await.database().await });
    }
    let databases: Vec<Database> = tasks.join_all().await;
    let urls: HashSet<&str> = databases.iter().map(Database::url).collect();
    assert_eq!(urls.len(), 10);
    for url in urls {
        assert_eq!(answer(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
    }
}

#[tokio::test]
async fn postgres_is_durable_unless_told_otherwise() {
    let shared = postgres().await;
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        assert_eq!(answer(&shared.url("postgres"), &format!("SHOW {setting}")), "on", "{setting}");
    }
    let careless = PostgresServer::start_with(&["synchronous_commit=off"]).await.unwrap();
    assert_eq!(answer(&careless.url("postgres"), "SHOW synchronous_commit"), "off");
}

#[tokio::test]
async fn postgres_asks_for_its_password() {
    let url = postgres().await.url("postgres");
    let (user, address) = url.strip_prefix("postgres://").unwrap().split_once('@').unwrap();
    let without = format!("postgres://{}@{address}", user.split(':').next().unwrap());
    assert_eq!(answer(&without, "SELECT 1"), "");
    assert_eq!(answer(&url, "SELECT 1"), "1");
}

#[tokio::test]
async fn postgres_keeps_what_was_committed_however_it_is_stopped() {
    let mut server = PostgresServer::start().await.unwrap();
    let database = server.database().await;
    answer(database.url(), "CREATE TABLE kept (n BIGINT)");
    for mode in [StopMode::Fast, StopMode::Immediate, StopMode::Kill] {
        let mut busy = session(database.url()).args(["-c", "SELECT pg_sleep(1000)"]).spawn().unwrap();
        answer(database.url(), "INSERT INTO kept VALUES (1)");
        server.stop(mode).await.unwrap();
        assert!(!accepts(port_of(database.url())), "{mode:?}");
        busy.wait().unwrap();
        server.start_again().await.unwrap();
    }
    assert_eq!(answer(database.url(), "SELECT count(*) FROM kept"), "3");
    assert!(server.start_again().await.is_err(), "it runs already");
}

#[tokio::test]
async fn a_paused_postgres_is_frozen_whole_and_goes_on_afterwards() {
    let mut server = PostgresServer::start().await.unwrap();
    let url = server.url("postgres");
    let mut session = session(&url).spawn().unwrap();
    let (mut ask, mut answers) =
        (session.stdin.take().unwrap(), BufReader::new(session.stdout.take().unwrap()).lines());
    writeln!(ask, "SELECT pg_backend_pid();").unwrap();
    let backend = answers.next().unwrap().unwrap();
    let main = lock_file(&server)[0].clone();
    let frozen = |pid: &str| fs::read_to_string(format!("/proc/{pid}/stat")).unwrap().contains(") T ");

    server.pause().unwrap();
    eventually("both are frozen", DEADLINE, || frozen(&main) && frozen(&backend)).await.unwrap();
    writeln!(ask, "SELECT 'awake';").unwrap();
    server.resume().unwrap();
    assert_eq!(answers.next().unwrap().unwrap(), "awake");

    server.pause().unwrap();
    server.stop(StopMode::Fast).await.unwrap();
    drop(ask);
    session.wait().unwrap();
}

#[tokio::test]
async fn redis_comes_back_empty() {
    let mut server = RedisServer::start().await.unwrap();
    server.flush_all().unwrap();
    server.pause().unwrap();
    server.stop().await.unwrap();
    assert!(!accepts(port_of(&server.url())));
    assert!(server.flush_all().is_err());
    server.start_again().await.unwrap();
    server.kill9().await.unwrap();
    server.start_again().await.unwrap();
    server.flush_all().unwrap();
}

#[tokio::test]
async fn dropping_a_server_ends_it_and_removes_its_folder() {
    let mut postgres = PostgresServer::start().await.unwrap();
    let redis = RedisServer::start().await.unwrap();
    let traces = Traces::of(&postgres, &redis);
    assert!(!traces.gone());
    postgres.kill9().await.unwrap();
    drop((postgres, redis));
    assert!(traces.gone(), "{traces:?}");
}

#[tokio::test]
async fn servers_do_not_outlive_the_test_process_however_it_ends() {
    if let Ok(end) = std::env::var(VICTIM) {
        return be_victim(&end).await;
    }
    for end in ["kill", "return", "panic"] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["servers_do_not_outlive_the_test_process_however_it_ends", "--exact", "--nocapture"])
            .env(VICTIM, end)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let traces = announced(&mut child);
        assert!(!traces.gone());
        if end == "kill" {
            child.kill().unwrap();
        }
        drop(child.stdin.take());
        child.wait().unwrap();
        eventually("servers, folders and shared memory go", DEADLINE, || traces.gone()).await.unwrap();
    }
}

/// Starts servers, says so, waits until its input ends, and ends.
async fn be_victim(end: &str) {
    let redis = RedisServer::start().await.unwrap();
    let mut output = std::io::stdout();
    writeln!(output, "victim {}", Traces::of(postgres().await, &redis)).unwrap();
    let mut end_of_input = String::new();
    std::io::stdin().read_line(&mut end_of_input).unwrap();
    assert_ne!(end, "panic");
}

fn announced(child: &mut Child) -> Traces {
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        if let Some((_, traces)) = line.unwrap().split_once("victim ") {
            return Traces::parse(traces);
        }
    }
    panic!("the child said nothing");
}

/// What servers leave on a machine.
#[derive(Debug)]
struct Traces {
    ports: Vec<u16>,
    folders: Vec<PathBuf>,
    shared_memory: String,
}

impl Traces {
    fn of(postgres: &PostgresServer, redis: &RedisServer) -> Self {
        let folders = [postgres.log(), redis.log()].map(|log| log.parent().unwrap().to_owned());
        let shared_memory = lock_file(postgres)[6].split_whitespace().next_back().unwrap().to_owned();
        let ports = vec![port_of(&postgres.url("postgres")), port_of(&redis.url())];
        Self { ports, folders: folders.to_vec(), shared_memory }
    }

    fn parse(text: &str) -> Self {
        let mut words = text.split_whitespace();
        let mut next = || words.next().unwrap().to_owned();
        Self {
            ports: vec![next().parse().unwrap(), next().parse().unwrap()],
            folders: vec![next().into(), next().into()],
            shared_memory: next(),
        }
    }

    fn gone(&self) -> bool {
        let segments = fs::read_to_string("/proc/sysvipc/shm").unwrap();
        let mut ids = segments.lines().filter_map(|line| line.split_whitespace().nth(1));
        !self.ports.iter().any(|port| accepts(*port))
            && !self.folders.iter().any(|folder: &PathBuf| Path::exists(folder))
            && !ids.any(|id| id == self.shared_memory)
    }
}

impl std::fmt::Display for Traces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [postgres, redis] = [0, 1].map(|at| (self.ports[at], self.folders[at].display()));
        write!(f, "{} {} {} {} {}", postgres.0, redis.0, postgres.1, redis.1, self.shared_memory)
    }
}
