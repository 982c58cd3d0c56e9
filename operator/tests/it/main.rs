//! The operator against a real API server. Nobody runs Pods: what a node would report, a test reports itself.

mod account;
mod dedicated;
mod faults;
mod generated;
mod kubelet;
mod lab;
mod lifecycle;
mod outages;
mod outcome;
mod permissions;
mod refusals;
mod robust;
mod shared;
