//! The threshold: sockets on which nobody has signed in yet.
//!
//! Anybody can open sockets and say nothing, so there is room for some only, and less for those of one address. It also
//! remembers for a while which addresses floods came from: a new connection begins there without a burst to spend.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::session::lock;

/// What part of a process's connections may be signed out.
const SHARE: u32 = 4;
/// What part may be signed out and of one address. Many people may come back at once from behind one address.
const SHARE_OF_ONE: u32 = 8;
/// How long a flood is remembered.
const MEMORY: Duration = Duration::from_mins(1);
/// Addresses remembered at most; beyond that the process is in the hands of whoever filters addresses before it.
const MOST_FLOODS: usize = 10_000;

/// Who stands on the threshold of one process.
#[derive(Debug)]
pub struct Threshold {
    most: u32,
    most_of_one: u32,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    count: u32,
    by_network: HashMap<IpAddr, u32>,
    floods: HashMap<IpAddr, Instant>,
}

/// A place on the threshold, given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    threshold: Arc<Threshold>,
    network: IpAddr,
}

/// There is no room.
#[derive(Debug, PartialEq, Eq)]
pub enum Full {
    /// For nobody.
    Altogether,
    /// For more from this address.
    ForOne,
}

impl Threshold {
    /// Of a process that takes so many connections.
    pub fn new(connections: u32) -> Arc<Self> {
        let part = |share: u32| (connections / share).max(1);
        Arc::new(Self { most: part(SHARE), most_of_one: part(SHARE_OF_ONE), state: Mutex::default() })
    }

    /// A place for one more.
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Place, Full> {
        let network = network(address);
        let mut state = lock(&self.state);
        if state.count >= self.most {
            return Err(Full::Altogether);
        }
        let of_one = state.by_network.entry(network).or_default();
        if *of_one >= self.most_of_one {
            return Err(Full::ForOne);
        }
        *of_one += 1;
        state.count += 1;
        Ok(Place { threshold: Arc::clone(self), network })
    }

    /// A flood came from this address.
    pub fn note_flood(&self, address: IpAddr, now: Instant) {
        let mut state = lock(&self.state);
        if state.floods.len() >= MOST_FLOODS {
            state.floods.retain(|_, at| now.saturating_duration_since(*at) < MEMORY);
        }
        if state.floods.len() < MOST_FLOODS {
            state.floods.insert(network(address), now);
        }
    }

    /// Whether a flood came from this address not long ago.
    pub fn has_flooded(&self, address: IpAddr, now: Instant) -> bool {
        let state = lock(&self.state);
        state.floods.get(&network(address)).is_some_and(|at| now.saturating_duration_since(*at) < MEMORY)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = lock(&self.threshold.state);
        state.count -= 1;
        if let Some(of_one) = state.by_network.get_mut(&self.network) {
            *of_one -= 1;
            if *of_one == 0 {
                state.by_network.remove(&self.network);
            }
        }
    }
}

/// Whoever has one IPv6 address mostly has all of its network.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn there_is_room_for_some_and_for_fewer_of_one_address() {
        let threshold = Threshold::new(16);
        let mut places: Vec<Place> = (0..2).map(|_| threshold.enter(address("192.0.2.1")).expect("room")).collect();
        assert_eq!(threshold.enter(address("192.0.2.1")).err(), Some(Full::ForOne));
        places.extend((2..4).map(|last| threshold.enter(address(&format!("192.0.2.{last}"))).expect("room")));
        assert_eq!(threshold.enter(address("192.0.2.9")).err(), Some(Full::Altogether));
        places.clear();
        assert!(threshold.enter(address("192.0.2.1")).is_ok());
        assert!(lock(&threshold.state).by_network.is_empty(), "nothing is kept of who has gone");
    }

    #[test]
    fn a_whole_ipv6_network_counts_as_one() {
        let threshold = Threshold::new(8);
        let _place = threshold.enter(address("2001:db8::1")).expect("room");
        assert_eq!(threshold.enter(address("2001:db8::2")).err(), Some(Full::ForOne));
        assert!(threshold.enter(address("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn a_flood_is_remembered_for_a_while() {
        let (threshold, now) = (Threshold::new(8), Instant::now());
        threshold.note_flood(address("192.0.2.1"), now);
        assert!(threshold.has_flooded(address("::ffff:192.0.2.1"), now + Duration::from_secs(59)));
        assert!(!threshold.has_flooded(address("192.0.2.2"), now));
        assert!(!threshold.has_flooded(address("192.0.2.1"), now + MEMORY));
    }
}
