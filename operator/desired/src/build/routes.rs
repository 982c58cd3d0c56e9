//! Which host name and path leads where: one table for Ingress and HTTPRoute.
//!
//! `/v1/ws` of every name and all of `ws.<domain>` lead to the sockets, everything else to the REST API.

use super::{api_role, socket_role};
use crate::check::Dedicated;
use crate::names::Role;

/// Path of the WebSocket below any host name.
pub(super) const SOCKET_PATH: &str = "/v1/ws";

/// Host names with the same rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    /// The names; `*.` stands for any label.
    pub hosts: Vec<String>,
    /// Where `/v1/ws` leads, where it differs from the rest.
    pub socket: Option<Role>,
    /// Where everything else leads.
    pub rest: Role,
}

pub(super) fn table(tenant: &Dedicated) -> [Route; 2] {
    let domain = &tenant.config.domain;
    let (mut hosts, socket_host) = (vec![domain.clone(), format!("api.{domain}")], format!("ws.{domain}"));
    for guest in tenant.gateway.iter().flat_map(|gateway| &gateway.guest_domains) {
        if !hosts.contains(guest) && *guest != socket_host {
            hosts.push(guest.clone());
        }
    }
    let (rest, sockets) = (api_role(tenant), socket_role(tenant));
    [
        Route { hosts, socket: (rest != sockets).then_some(sockets), rest },
        Route { hosts: vec![socket_host], socket: None, rest: sockets },
    ]
}

/// Every host name that is routed.
pub(super) fn hosts(tenant: &Dedicated) -> Vec<String> {
    table(tenant).into_iter().flat_map(|route| route.hosts).collect()
}
