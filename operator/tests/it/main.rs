//! The operator against a real API server. Nobody runs Pods: what a node would report, a test reports itself.

mod account;
mod chart;
mod dedicated;
mod docs;
mod faults;
mod generated;
mod gitops;
mod kinds;
mod kubectl;
mod kubelet;
mod kustomize;
mod lab;
mod lifecycle;
mod outages;
mod outcome;
mod permissions;
mod refusals;
mod robust;
mod shared;
