//! The operator against a real API server. Nobody runs Pods: what a node would report, a test reports itself.

mod account;
mod dedicated;
mod faults;
mod lab;
mod permissions;
mod robust;
