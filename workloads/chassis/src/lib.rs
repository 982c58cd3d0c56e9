//! What every process of Confab does alike: read its Config, log, count, be probed, check tokens and rates, seal secrets,
//! talk on the bus, serve HTTP and leave in good order.
//!
//! This crate knows no conversation and no table. It takes the wire types from `confab-contract` and offers the parts
//! from which a service builds its `main`:
//!
//! ```text
//! config ─► telemetry ─► seal ─► token, rate, bus ─► http (edge, extractors) ─► serve ─► drain
//!                                    clock, tenant, health, ops, background beside them
//! ```
//!
//! Reading order: [`config`], [`telemetry`], [`clock`], [`tenant`], [`seal`], [`token`], [`rate`], [`bus`], [`http`],
//! [`serve`], [`drain`], [`health`], [`ops`], [`background`].

#![expect(clippy::missing_panics_doc, reason = "each `expect` states an invariant that holds; no input panics")]

pub mod background;
pub mod bus;
pub mod clock;
pub mod config;
pub mod drain;
pub mod health;
pub mod http;
pub mod ops;
pub mod rate;
pub mod redis_link;
pub mod seal;
pub mod serve;
mod sharded;
pub mod telemetry;
pub mod tenant;
pub mod token;
