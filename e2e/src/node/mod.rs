//! A real Kubernetes cluster of one node, made of processes of this machine: no container engine, no registry, no daemon.
//!
//! ```text
//! machine ─────────────────────────────────────────────────────────────────────────────────────────────
//!   holder (outside)                        namespaces of the node (processes, mounts, network, names)
//!     control groups                          boot (inside)
//!     cable: confab<n> 10.88.<n>.2 ◄──────►  confab<n>-node 10.88.<n>.1
//!     folder                                    etcd, kube-apiserver, controllers, scheduler
//!                                               containerd, kubelet, kube-proxy ──► pods 10.144.<n>.0/24
//!                                               CoreDNS, Traefik, metrics-server, volumes
//! ```
//!
//! The machine reaches the API server, Ingress (ports 80 and 443), pods and services by their addresses; the node and its pods
//! reach the machine at 10.88.<n>.2, and nothing beyond. Nothing of it changes the machine: filter rules, forwarding, mounts and
//! sockets are the node's own, and go with its first process. What is left then (control groups, the folder) its holder removes.
//!
//! NetworkPolicy objects are accepted and **not enforced**: the plugin that connects the pods knows nothing of them.
//!
//! Reading order: [`plan`] (names and addresses), [`hold`] (outside), `isolation`, [`boot`] (inside), `control_plane`,
//! `worker`, `add_ons`, `volumes`, [`Node`] (of a test), [`service`] (of a person).

mod add_ons;
mod api;
pub mod boot;
mod component;
mod control_group;
mod control_plane;
mod credentials;
mod folder;
pub mod hold;
mod holder;
mod host;
mod isolation;
mod owned;
pub mod plan;
mod record;
pub mod service;
mod template;
mod volumes;
mod worker;

pub use owned::Node;
