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
//! [`program`] is the command line that all services have. It knows no route and no frame. `confab-messaging`,
//! `confab-presence`, `confab serve` and `confab up` differ in what they put on top.

mod data_folder;
mod ground;
mod migrate;
mod process;
pub mod program;
mod service;
mod settings;
mod waiting_room;

pub use data_folder::{DataFolder, DataFolderError, make_private};
pub use ground::Ground;
pub use migrate::{Migrated, migrate};
pub use process::{Process, listen};
pub use service::ServiceConfig;
pub use settings::{Database, GroundError, Settings, chain};
