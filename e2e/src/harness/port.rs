//! Ports for servers that are restarted. They lie below the ephemeral range, so that no outgoing connection takes the port
//! of a server while it is down, and no client that tries to reach it connects to itself.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Result, bail};

const FIRST: u32 = 12_000;
/// Linux gives outgoing connections ports from 32768.
const COUNT: u32 = 20_000;

/// An address on the loopback interface that nobody listens on at this moment. No two calls give the same.
pub fn reserve() -> Result<SocketAddr> {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    // Processes that run at the same time begin at different places.
    let start = process::id().wrapping_mul(613);
    for _ in 0..COUNT {
        let offset = start.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let port = u16::try_from(FIRST + offset).unwrap_or(u16::MAX);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no port is free from {FIRST} to {}", FIRST + COUNT)
}
