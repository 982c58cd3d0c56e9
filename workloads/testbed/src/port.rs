//! Free ports.

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::process;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, bail};

/// Where Linux says which ports it gives to outgoing connections.
const EPHEMERAL: &str = "/proc/sys/net/ipv4/ip_local_port_range";

/// A TCP port of the loopback interface that nobody listens on at this moment, and that this process was not given before.
///
/// It lies outside the range of outgoing connections. A server that is down for a moment would otherwise lose its port to
/// one of them, even to a client that tries to reconnect and so connects to itself.
pub fn free_port() -> Result<u16> {
    // Test processes that run side by side begin at different places.
    static NEXT: LazyLock<AtomicUsize> = LazyLock::new(|| {
        let start = RandomState::new().hash_one(process::id()) >> 48;
        AtomicUsize::new(usize::try_from(start).unwrap_or_default())
    });
    let ports = outside(&fs::read_to_string(EPHEMERAL).unwrap_or_default());
    for _ in ports.clone() {
        let next = NEXT.fetch_add(1, Ordering::Relaxed) % ports.len();
        if let Some(port) = ports.clone().nth(next)
            && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
        {
            return Ok(port);
        }
    }
    bail!("no port of 127.0.0.1 in {ports:?} is free")
}

/// The wider side of a range "low high" of ephemeral ports.
fn outside(ephemeral: &str) -> Range<u16> {
    let mut bounds = ephemeral.split_whitespace().filter_map(|word| word.parse::<u16>().ok());
    let low = bounds.next().unwrap_or(32_768);
    if low > 12_000 { 10_000..low } else { bounds.next().unwrap_or(60_999).min(64_535)..65_535 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_lie_outside_the_ephemeral_range() {
        assert_eq!(outside("32768\t60999\n"), 10_000..32_768);
        assert_eq!(outside("1024 60999"), 60_999..65_535);
        assert_eq!(outside("1024 65535"), 64_535..65_535);
        assert_eq!(outside(""), 10_000..32_768);
    }

    #[test]
    fn no_port_is_given_twice() {
        let mut ports: Vec<u16> = (0..200).map(|_| free_port().unwrap()).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 200);
    }
}
