//! Real Postgres, Redis and Kubernetes API servers for tests: on free ports, with folders of their own, never a system-wide instance.
//!
//! - [`postgres`]: one shared server per test process; each test takes a [`Database`] of its own.
//! - [`PostgresServer`], [`RedisServer`]: owned servers for fault tests; stop, kill, pause, start again on the same port.
//! - [`mod@kubernetes`]: a shared API server and owned ones, built from source.
//! - [`Pod`]: a container as a process of this machine, with what would be mounted in a folder.
//! - [`process`]: the child processes below them, with a guardian that ends them when the test process is gone,
//!   however it ended.
//!
//! What is missing on the machine is an error that says how to get it; nothing is skipped.

mod account;
mod binary;
pub mod guardian;
pub mod kubernetes;
mod pod;
mod port;
mod postgres;
pub mod process;
mod redis;

pub use kubernetes::kubernetes;
pub use pod::{Container, Pod};
pub use port::free_port;
pub use postgres::{Database, PostgresServer, StopMode, postgres};
pub use redis::RedisServer;
