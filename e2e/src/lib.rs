//! End-to-end proof and figures: drives real processes over real HTTP and sockets under faults, and judges what comes of it.
//!
//! It owns a client of the API, a load driver, a fault injector, an offline checker, and the benchmark. It links no
//! workload: everything it knows comes from `contract`, as for any other client.
//!
//! ```text
//! harness (starts, kills, restarts) ──► servers ◄── driver (senders, subscribers over client)
//!        ▲                                               │ operations, frames, histories
//! faults (seeded schedule)                    record ◄───┘
//!                                                └──► checker ──► problems
//! ```
//!
//! Reading order: [`record`] (what a run leaves behind), [`checker`] (what must hold of it), [`client`], [`driver`],
//! [`faults`], [`harness`], [`run`] (all of it together), [`bench`]; [`node`] (a real Kubernetes cluster) stands apart.

pub mod bench;
pub mod checker;
pub mod client;
pub mod driver;
pub mod faults;
pub mod harness;
pub mod node;
pub mod record;
pub mod run;
