//! Loads a site over real HTTP and sockets, and records everything.
//!
//! - [`plan`]: what a sender does next; pure, from a seed.
//! - [`cast`]: the people and conversations of a run.
//! - [`sender`]: carries out a plan, with retries, against any of the servers.
//! - [`subscriber`]: a device that records each frame over all its connections.
//! - [`follower`]: a device without a socket, which asks what has changed.
//! - [`journal`], [`board`]: where outcomes and known messages are kept.

mod board;
mod cast;
mod follower;
mod journal;
mod plan;
mod sender;
mod subscriber;

use std::net::SocketAddr;
use std::time::Duration;

use crate::client::api::Api;

pub use cast::{Cast, Talk};
pub use follower::Followers;
pub use journal::Journal;
pub use sender::Senders;
pub use subscriber::{Subscribers, Targets};

/// How much load.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// People who are members from beginning to end, and send.
    pub senders: usize,
    /// People who are added and removed all the time, and send when they can.
    pub guests: usize,
    /// Groups; beside them each sender has a direct conversation with the next.
    pub groups: usize,
    /// Devices of each person.
    pub devices: usize,
    /// Longest pause of a sender between two operations, in milliseconds.
    pub pause_millis: u64,
}

impl Load {
    /// Everybody at once in one conversation, so that many messages are stored in one batch.
    pub const CROWDED: Self = Self { senders: 8, guests: 0, groups: 1, devices: 1, pause_millis: 3 };
    /// Enough for every case to happen within seconds, and little enough for two cores that also run all the servers.
    pub const SMALL: Self = Self { senders: 6, guests: 2, groups: 4, devices: 2, pause_millis: 60 };
}

/// Longest wait of a client for a reply.
const PATIENCE: Duration = Duration::from_secs(3);

/// One client for each server of the REST API.
pub fn apis(messaging: &[SocketAddr]) -> reqwest::Result<Vec<Api>> {
    messaging.iter().map(|address| Api::new(format!("http://{address}"), PATIENCE)).collect()
}
