//! The operator against a real API server. Nobody runs Pods: what a node would report, a test reports itself.

mod dedicated;
mod faults;
mod generated;
mod lab;
mod lifecycle;
mod outages;
mod outcome;
mod refusals;
mod robust;
