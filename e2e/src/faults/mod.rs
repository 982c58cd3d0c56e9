//! A bad day, from a seed: what breaks when ([`schedule`], pure), and how it is done to a site ([`inject`]).

mod inject;
mod schedule;

pub use inject::{Injected, inject};
pub use schedule::{Fault, Kind, Schedule};
