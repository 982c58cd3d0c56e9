//! Free ports.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, Result};

/// A TCP port of the loopback interface that nobody listens on at this moment.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr().context("a bound listener has an address")?.port())
}
