//! The client's address. Behind proxies it stands in `X-Forwarded-For`, but only what our own proxies wrote counts: the list
//! is walked from the right for as long as the hop is trusted.

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use ipnet::IpNet;

use super::context::current;

/// Where a connection comes from, as the socket tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

/// Where a request comes from, as far as it can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// Nobody knows.
    pub(super) const UNKNOWN: Self = Self(IpAddr::V6(Ipv6Addr::UNSPECIFIED));

    /// What to count a rate limit by: the address, of IPv6 the /64 network, of which a client has the whole.
    pub fn rate_subject(&self) -> String {
        match self.0 {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        }
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(_parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(current(|context| context.client).unwrap_or(Self::UNKNOWN))
    }
}

/// Whether an address is one of our proxies.
#[must_use]
pub fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// The address behind our proxies. `forwarded` are the values of all `X-Forwarded-For` headers in their order.
pub fn client_address<'a>(
    peer: IpAddr,
    forwarded: impl DoubleEndedIterator<Item = &'a str>,
    trusted: &[IpNet],
) -> IpAddr {
    let mut client = peer.to_canonical();
    for hop in forwarded.rev().flat_map(|value| value.rsplit(',')) {
        if !is_trusted(client, trusted) {
            return client;
        }
        // A hop that is no address was not written by a proxy of ours: what is left of it cannot be trusted either.
        let Some(address) = parse_hop(hop.trim()) else { return client };
        client = address.to_canonical();
    }
    client
}

/// An address, with or without a port, of IPv6 with or without brackets.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    if let Ok(address) = hop.parse() {
        return Some(address);
    }
    if let Ok(address) = hop.parse::<SocketAddr>() {
        return Some(address.ip());
    }
    hop.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let trusted: Vec<IpNet> = ["10.0.0.0/8", "fd00::/8"].iter().map(|net| net.parse().expect("a net")).collect();
        client_address(peer.parse().expect("an address"), forwarded.iter().copied(), &trusted).to_string()
    }

    #[test]
    fn a_stranger_cannot_name_another_address() {
        assert_eq!(seen("203.0.113.7", &["198.51.100.1"]), "203.0.113.7");
    }

    #[test]
    fn proxies_are_walked_from_the_right() {
        assert_eq!(seen("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6, 198.51.100.1, 10.9.9.9"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6", "198.51.100.1", "10.9.9.9"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["10.0.0.2, 10.0.0.3"]), "10.0.0.2");
    }

    #[test]
    fn ports_brackets_and_mapped_addresses_are_understood() {
        assert_eq!(seen("::ffff:10.0.0.1", &["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(seen("fd00::1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(seen("fd00::1", &["[2001:db8::1]"]), "2001:db8::1");
        assert_eq!(seen("fd00::1", &["::ffff:198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn a_hop_that_is_no_address_ends_the_walk() {
        for strange in ["unknown", "", "6.6.6.6, _hidden, 10.0.0.2", "6.6.6.6,,10.0.0.2"] {
            assert!(seen("10.0.0.1", &[strange]).starts_with("10.0.0."), "{strange}");
        }
    }

    #[test]
    fn rate_limits_count_a_whole_ipv6_network() {
        let subject = |text: &str| ClientAddress(text.parse().expect("an address")).rate_subject();
        assert_eq!(subject("2001:db8:1:2:3:4:5:6"), subject("2001:db8:1:2:ffff::1"));
        assert_ne!(subject("2001:db8:1:2::1"), subject("2001:db8:1:3::1"));
        assert_eq!(subject("198.51.100.1"), "198.51.100.1");
    }
}
