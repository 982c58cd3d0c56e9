//! What a process of Confab stands on before it serves anything: probes, signals, the store, the bus, keys.
//!
//! ```text
//! Process::begin ── probes answer, signals are heard
//!    │
//! Process::lay   ── waits for the store as long as it takes: unready, alive, answering 503, and saying why
//!    │
//! (the service mounts its routes on the Ground and serves until it is drained)
//!    │
//! Process::end   ── background tasks, store, probes, in this order
//! ```
//!
//! It knows no route and no frame. `confab-messaging`, `confab-presence` and `confab up` differ in what they put on top.

mod ground;
mod process;
mod settings;
mod waiting_room;

pub use ground::Ground;
pub use process::{Process, listen};
pub use settings::{GroundError, Settings, chain, store_options};
