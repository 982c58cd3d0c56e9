//! Starts real processes and does to them what a bad day does: kill, freeze, restart.
//!
//! - [`site`]: a whole installation, as a laptop or as a cluster.
//! - [`server`]: one process of it.
//! - [`binary`], [`port`], [`tenant`]: what it needs to start.

mod binary;
mod port;
mod probe;
mod server;
mod site;
mod tenant;

pub use binary::{Build, find as find_program, folder as programs};
pub use server::{Server, Usage};
pub use site::{Engine, Layout, Role, Site, SiteOptions};
pub use tenant::host;
