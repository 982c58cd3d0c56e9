//! Checks of the machine: clock, open files, ports, and the data folder.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Instant;

use confab_contract::Timestamp;

use super::finding::Finding;

/// 2026-01-01: this program is younger, so a clock that shows less is wrong.
const YOUNGEST_PLAUSIBLE: i64 = 1_767_225_600_000;
/// Sockets and files of a busy server.
const OPEN_FILES: u64 = 65_536;
/// Below this much free space, a hint.
const FREE_BYTES: u64 = 1024 * 1024 * 1024;
/// A sync of one page that takes longer limits every send.
const SLOW_SYNC_MILLIS: u128 = 50;

/// Whether the clock is plausible at all. Skew against the database is checked there.
pub fn clock(now: Timestamp) -> Finding {
    if now.as_millis() < YOUNGEST_PLAUSIBLE {
        return Finding::mend("clock", format!("it shows {now}"), "set the clock; tokens would be dated wrongly");
    }
    Finding::well("clock", now.to_string())
}

/// How many files and sockets the process may open.
pub fn open_files() -> Finding {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    match limit {
        Some(limit) if limit < OPEN_FILES => Finding::hint(
            "open files",
            format!("at most {limit}, so at most about {} sockets", limit.saturating_sub(100)),
            format!("raise it for many connections: ulimit -n {OPEN_FILES}"),
        ),
        Some(limit) => Finding::well("open files", format!("at most {limit}")),
        None => Finding::well("open files", "unlimited"),
    }
}

/// Whether an address can be taken.
pub fn port(flag: &str, address: SocketAddr) -> Finding {
    let topic = format!("{flag} {address}");
    match TcpListener::bind(address) {
        Ok(_) => Finding::well(&topic, "free"),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Finding::mend(
            &topic,
            "taken by another program (or by a running confab)",
            format!("choose another with {flag}"),
        ),
        Err(error) => Finding::mend(&topic, error.to_string(), format!("choose another with {flag}")),
    }
}

/// What is going to be in the data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// SQLite and the master key.
    Database,
    /// The master key of a store in Postgres.
    KeyAlone,
}

/// The data folder: can it be written, is it durable, is there room. Leaves nothing behind.
pub fn data_folder(folder: &Path, holds: Holds) -> Vec<Finding> {
    let exists = folder.is_dir();
    if folder.exists() && !exists {
        let found = format!("{} is a file", folder.display());
        return vec![Finding::mend("data folder", found, "name a folder with --data")];
    }
    let place = nearest_existing(folder);
    let topic = "data folder";
    let mut findings = vec![if exists {
        Finding::well(topic, folder.display().to_string())
    } else {
        Finding::well(topic, format!("{} does not exist yet and will be made", folder.display()))
    }];
    findings.push(sync_time(&place));
    if holds == Holds::Database {
        findings.push(free_space(&place));
    }
    findings.extend(file_system(&place, holds));
    findings
}

fn nearest_existing(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let found = absolute.ancestors().find(|place| place.is_dir());
    found.unwrap_or(Path::new("/")).to_owned()
}

fn sync_time(place: &Path) -> Finding {
    let probe = place.join(format!(".confab-doctor-{}", std::process::id()));
    let measured = (|| {
        let mut file = File::create_new(&probe)?;
        file.write_all(&[0; 4096])?;
        let started = Instant::now();
        file.sync_all()?;
        Ok::<_, std::io::Error>(started.elapsed())
    })();
    let _ = fs::remove_file(&probe);
    match measured {
        Ok(took) if took.as_millis() > SLOW_SYNC_MILLIS => Finding::hint(
            "disk sync",
            format!("{} ms for one page", took.as_millis()),
            "sends wait for the disk; a faster disk makes them faster",
        ),
        Ok(took) => Finding::well("disk sync", format!("{:.1} ms for one page", took.as_secs_f64() * 1000.0)),
        Err(error) => Finding::mend(
            "disk sync",
            format!("{}: {error}", place.display()),
            "make the folder writable, or choose another with --data",
        ),
    }
}

fn free_space(place: &Path) -> Finding {
    match rustix::fs::statvfs(place) {
        Ok(stat) => {
            let free = stat.f_bavail.saturating_mul(stat.f_frsize);
            let text = format!("{} MiB free", free / (1024 * 1024));
            if free < FREE_BYTES {
                return Finding::hint("disk space", text, "make room; a full disk stops every send");
            }
            Finding::well("disk space", text)
        }
        Err(error) => Finding::hint("disk space", error.to_string(), "could not be read"),
    }
}

/// Warns of file systems that forget or cannot lock. Linux only; elsewhere nothing is said.
fn file_system(place: &Path, holds: Holds) -> Option<Finding> {
    let mounts = fs::read_to_string("/proc/mounts").ok()?;
    Some(judge_file_system(kind_of_mount(&mounts, place)?, holds))
}

fn judge_file_system(kind: String, holds: Holds) -> Finding {
    match kind.as_str() {
        "tmpfs" | "ramfs" => Finding::mend(
            "file system",
            format!("{kind}: everything is gone after a restart"),
            "choose a folder on a disk with --data",
        ),
        "nfs" | "nfs4" | "cifs" | "smb3" | "9p" if holds == Holds::Database => Finding::mend(
            "file system",
            format!("{kind}: SQLite is not safe on network file systems"),
            "choose a local disk with --data, or a database with --database-url",
        ),
        _ => Finding::well("file system", kind),
    }
}

/// The type of the mount that holds `place`: the longest mount point that is a prefix of it.
fn kind_of_mount(mounts: &str, place: &Path) -> Option<String> {
    let of_line = |line: &str| {
        let mut fields = line.split(' ').skip(1);
        Some((PathBuf::from(fields.next()?), fields.next()?.to_owned()))
    };
    let holding = mounts.lines().filter_map(of_line).filter(|(point, _)| place.starts_with(point));
    holding.max_by_key(|(point, _)| point.as_os_str().len()).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_must_be_mended() {
        let holder = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = holder.local_addr().expect("bound");
        assert_eq!(port("--listen", address).level, super::super::finding::Level::Mend);
        drop(holder);
        assert_eq!(port("--listen", address).level, super::super::finding::Level::Well);
    }

    #[test]
    fn the_innermost_mount_tells_the_file_system() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n";
        assert_eq!(kind_of_mount(mounts, Path::new("/tmp/x")).as_deref(), Some("tmpfs"));
        assert_eq!(kind_of_mount(mounts, Path::new("/tmpx")).as_deref(), Some("ext4"));
    }

    #[test]
    fn memory_forgets_the_key_too_and_a_network_is_bad_for_sqlite_alone() {
        use super::super::finding::Level;
        let level = |kind: &str, holds| judge_file_system(kind.to_owned(), holds).level;
        assert_eq!(level("ext4", Holds::Database), Level::Well);
        assert_eq!(level("tmpfs", Holds::KeyAlone), Level::Mend);
        assert_eq!(level("nfs4", Holds::Database), Level::Mend);
        assert_eq!(level("nfs4", Holds::KeyAlone), Level::Well);
    }

    #[test]
    fn the_doctor_leaves_nothing_in_the_data_folder() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        data_folder(folder.path(), Holds::Database);
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 0);
    }
}
